// The environment that commands and functions read, told once for the man page and README. Pure.

export interface VariableHelp {
  readonly names: readonly string[];
  readonly meaning: string;
  /** Without backquotes; null: none. */
  readonly standard: string | null;
}

const variables = (names: string, meaning: string, standard: string | null = null): VariableHelp => ({
  names: names.split(' '),
  meaning,
  standard,
});

export const ENVIRONMENT: readonly VariableHelp[] = [
  variables(
    'CONSUL_HTTP_ADDR',
    "Consul's agents or servers, comma-separated, tried in turn; `unix://` and paths are taken, too",
    'http://127.0.0.1:8500',
  ),
  variables(
    'CONSUL_HTTP_TOKEN CONSUL_HTTP_TOKEN_FILE',
    "the token, or the file that holds it, read again when it changes; the file wins, as in Consul's own tools",
  ),
  variables(
    'CONSUL_HTTP_TOKEN_PARAMETER',
    'SSM parameter (SecureString) that holds the token; wins over both',
  ),
  variables(
    'CONSUL_HTTP_SSL CONSUL_HTTP_SSL_VERIFY CONSUL_HTTP_AUTH CONSUL_CACERT CONSUL_CAPATH CONSUL_CLIENT_CERT ' +
      'CONSUL_CLIENT_KEY CONSUL_TLS_SERVER_NAME CONSUL_NAMESPACE CONSUL_PARTITION CONSUL_DATACENTER',
    "as in Consul's own tools",
  ),
  variables(
    'HAPROXY_ADDRESSES',
    'the admin sockets, comma-separated: `tcp://host:port`, `tls://host:port`, `unix:/path`, or `consul:SERVICE`, ' +
      'which lists them; functions need TCP, by name',
    'unix:/run/haproxy/iri-lb.sock',
  ),
  variables(
    'HAPROXY_READ_ADDRESSES',
    'in the same order, sockets of `level user` for what only looks, so that looking never waits for a run',
  ),
  variables(
    'HAPROXY_CACERT HAPROXY_CLIENT_CERT HAPROXY_CLIENT_KEY',
    'for `tls://`: the authority, and the certificate and key of ours',
  ),
  variables('LB_CONFIG', 'pools and rules: the path of a JSON file, or the JSON itself', 'the IRI layout'),
  variables(
    'IRI_LB_HISTORY',
    'where `changes` reads what changed: a history file, the address of a local `iri-lb run`, or `aws:STACK`',
    'the local `iri-lb run`, else its file',
  ),
  variables(
    'IRI_LB_RUN',
    'the `iri-lb run` that commands ask how it goes: `host:port`, a URL, or `off`',
    '`127.0.0.1:8402`',
  ),
  variables(
    'IRI_LB_TOKEN_FILE',
    'the file with the token of that run, where it has one; sent over TLS, or to this machine',
  ),
  variables('NO_COLOR', 'set to anything: no colours on a terminal, either'),
];
