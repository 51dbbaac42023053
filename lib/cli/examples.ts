// What people type, by command: every help ends with it, and so does the man page. Pure.

export interface Example {
  readonly line: string;
  /** What it is for, in a few words. */
  readonly about: string;
}

const example = (line: string, about: string): Example => ({ line, about });

/** By the command's path. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  '': [
    example('iri-lb doctor', 'is anything set up wrongly?'),
    example('iri-lb plan', 'what would the next run do?'),
    example('iri-lb status', 'who is where, and who serves?'),
  ],
  why: [
    example('iri-lb why n1/web-1', 'why is it not in rotation, or still in it?'),
    example('iri-lb why 10.0.0.5:80', 'the same by where it is'),
    example('iri-lb why web/web-7', 'who has this slot, and why?'),
  ],
  plan: [
    example('iri-lb plan', 'what would the next run do, and is it safe?'),
    example('iri-lb plan --json', 'the same for a program'),
  ],
  apply: [
    example('iri-lb apply', 'make it so'),
    example('iri-lb apply --yes', 'without being asked first'),
    example('iri-lb apply --force', 'also what the guard holds back'),
    example('iri-lb apply --history history.jsonl', 'and keep what it did, for iri-lb changes'),
  ],
  status: [
    example('iri-lb status', 'who is where, who serves, do the load balancers agree?'),
    example('iri-lb status --instance n1/web-1', 'one of them'),
    example('iri-lb status --state down --watch', "who is ready, and DOWN by HAProxy's checks, from now on"),
    example('iri-lb status --all --sort running', 'everybody, the busiest first'),
  ],
  changes: [
    example('iri-lb changes --since 10m', 'what changed in the last ten minutes?'),
    example('iri-lb changes --since 03:00 --instance n1/web-1', 'of one, since three this morning'),
    example('iri-lb changes --follow --from aws:iri-lb', 'as it happens, of the functions'),
  ],
  drain: [
    example('iri-lb drain n1/web-1 --wait', 'take it out once its requests are over'),
    example('iri-lb drain n1/web-1 --now', 'end those that are left'),
  ],
  undrain: [
    example('iri-lb undrain n1/web-1', 'back, if Consul says so'),
    example('iri-lb undrain --stale', 'free the slots that are held for nobody'),
  ],
  maint: [
    example('iri-lb maint n1/web-1 --reason "new disk"', 'out, whatever restarts'),
    example('iri-lb maint n1/web-1 --off', 'and back'),
  ],
  'node maint': [
    example('iri-lb node maint n1 --reason "new kernel"', 'all that is on a node'),
    example('iri-lb node maint n1 --off', 'and back'),
  ],
  serve: [
    example('iri-lb serve', 'the page at http://127.0.0.1:8402/, while it runs'),
    example('iri-lb serve --listen 127.0.0.1:8403', 'beside an iri-lb run, with what it did'),
    example(
      'iri-lb serve --listen 10.0.0.5:8402 --behind-proxy --token-file t',
      'for others, who know the token; the proxy in front speaks TLS',
    ),
  ],
  init: [
    example('iri-lb init > lb.json', 'propose LB_CONFIG from a HAProxy that runs'),
    example('iri-lb init --socket unix:/run/haproxy/admin.sock', 'by another socket of it'),
  ],
  run: [
    example('iri-lb run', 'keep it so, in one process'),
    example('iri-lb run --dry', 'only say what it would do'),
    example('iri-lb run --check', 'is the configuration right?'),
  ],
  doctor: [example('iri-lb doctor', 'is anything set up wrongly, and what is to be done?')],
  invoke: [
    example('iri-lb invoke resync', 'the full run, as Lambda would start it'),
    example('iri-lb invoke watch --event event.json', 'what an event of the forwarder does'),
  ],
  node: [example('iri-lb node list', 'who is registered, and where')],
  'node add': [
    example('iri-lb node add --address 10.0.0.5 --port 14265 --pow true', 'an IRI node, with its check'),
    example('iri-lb node add --address 10.0.0.6 --port 80 --service web --http /', 'a web server'),
    example(
      'iri-lb node add --address 10.0.0.6 --port 80 --service web --print',
      'its definition, for a file',
    ),
  ],
  'node remove': [
    example('iri-lb node remove 10.0.0.6:80', 'by where it is'),
    example('iri-lb node remove --node n1 --id web-1', 'where a name fits several'),
  ],
  'node list': [example('iri-lb node list', 'every node, and what each load balancer does with it')],
  'node check': [
    example('iri-lb node check 10.0.0.5:14265', 'as its registered check does'),
    example('iri-lb node check http://10.0.0.9:80 --http /health', 'one that is not registered'),
  ],
  render: [
    example('iri-lb render haproxy', 'haproxy.cfg that fits LB_CONFIG'),
    example('iri-lb render haproxy --out haproxy.cfg', 'into a file'),
    example('iri-lb render policy', "the ACL policy of the runs' token"),
  ],
  help: [example('iri-lb help node add', 'the same as iri-lb node add --help')],
  completion: [
    example('source <(iri-lb completion bash)', 'in ~/.bashrc'),
    example('iri-lb completion zsh > ~/.zfunc/_iri-lb', 'once, with ~/.zfunc in fpath before compinit'),
    example('iri-lb completion fish > ~/.config/fish/completions/iri-lb.fish', 'once'),
  ],
};

/** The lines below a command's help, none longer than what is typed; undefined where it has no example. */
export function exampleHelp(path: readonly string[]): string | undefined {
  const own = EXAMPLES[path.join(' ')];
  if (own === undefined) return undefined;
  return ['', 'Examples:', ...own.flatMap(({ line, about }) => [`  # ${about}`, `  ${line}`])].join('\n');
}
