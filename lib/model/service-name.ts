// The names of Consul services that are safe in a URL, a policy and a message. Pure.

const SERVICE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

export function isServiceName(text: string): boolean {
  return SERVICE.test(text);
}
