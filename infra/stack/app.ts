// The CDK app: one stack, checked by cdk-nag, with every exception and its reason.
import { App, type Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledge } from './nag.js';
import type { StackSettings } from './settings.js';
import { makeStack } from './stack.js';

export interface MadeApp {
  readonly app: App;
  readonly stack: Stack;
}

/** Makes the app; `app.synth()` writes it to `outdir`. Needs no account and no network. */
export function makeApp(
  settings: StackSettings,
  { dist, outdir }: { dist: string; outdir: string },
): MadeApp {
  const app = new App({ outdir, analyticsReporting: false });
  const stack = makeStack(app, settings, dist);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  acknowledge(stack);
  return { app, stack };
}
