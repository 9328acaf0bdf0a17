// Starts the reference page. It is a file of its own because the page's content policy allows no inline script.
// The example of Idempotency-Key in the document, which the page fills in: it stands for a new key.
const exampleKey = '8e03978e-40d5-43dd-bc93-6894a57f9324';

window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: new URL('openapi.json', document.baseURI).href,
    dom_id: '#reference',
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    requestInterceptor: (request) => {
      // "Execute" pressed again is meant as a new action; a key that was typed in is kept, to try a retry.
      if (request.headers['Idempotency-Key'] === exampleKey) {
        request.headers['Idempotency-Key'] = crypto.randomUUID();
      }
      return request;
    },
    tryItOutEnabled: true,
    // The validator is a service on the Internet; the page works without one.
    validatorUrl: null,
  });
});
