// Starts the reference page. It is a file of its own because the page's content policy allows no inline script.
window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: new URL('openapi.json', document.baseURI).href,
    dom_id: '#reference',
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    requestInterceptor: (request) => {
      // Every change needs a key, and "Execute" pressed again is meant as a new action.
      if (request.method && request.method !== 'GET' && !request.headers['Idempotency-Key']) {
        request.headers['Idempotency-Key'] = crypto.randomUUID();
      }
      return request;
    },
    tryItOutEnabled: true,
    // The validator is a service on the Internet; the page works without one.
    validatorUrl: null,
  });
});
