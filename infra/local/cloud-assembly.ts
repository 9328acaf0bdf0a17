import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A resource as a template declares it; properties may hold unresolved intrinsic functions. */
export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The parts of a CloudFormation template that the embedded runtime reads. */
export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

/** One stack of a synthesised application: its template, and where its file assets lie. */
export interface SynthesisedStack {
  readonly name: string;
  readonly template: Template;
  /** Folder or file by the object key under which a deployment would upload it. */
  readonly assetPaths: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
      }
    >
  >;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/** Reads every stack of a cloud assembly, the folder that `cdk synth` writes. */
export function readCloudAssembly(folder: string): SynthesisedStack[] {
  const manifest: Manifest = readJson(join(folder, 'manifest.json'));
  const artifacts = Object.entries(manifest.artifacts ?? {});
  const assetPaths = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (artifact.type === 'cdk:asset-manifest' && artifact.properties?.file) {
      addAssets(folder, readJson(join(folder, artifact.properties.file)), assetPaths);
    }
  }
  return artifacts
    .filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack')
    .map(([id, artifact]) => ({
      name: artifact.properties?.stackName ?? id,
      template: readJson<Template>(join(folder, artifact.properties?.templateFile ?? `${id}.template.json`)),
      assetPaths,
    }));
}

function addAssets(folder: string, manifest: AssetManifest, assetPaths: Map<string, string>): void {
  for (const file of Object.values(manifest.files ?? {})) {
    for (const destination of Object.values(file.destinations)) {
      if (file.source.path) {
        assetPaths.set(destination.objectKey, join(folder, file.source.path));
      }
    }
  }
}

function readJson<T>(file: string): T {
  // The files come from the synthesis that ran just before, so their shape is the CDK's promise and not checked again.
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
