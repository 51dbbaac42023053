import type { PageFiles } from '../../lib/serve/page/assets.js';

export function pageFiles(): Promise<PageFiles>;
