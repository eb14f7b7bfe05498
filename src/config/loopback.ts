/** `host` as an address or a name, or as the URL parser spells it, with brackets around IPv6. */
export const isLoopback = (host: string): boolean => /^(?:localhost|\[::1\]|::1|127(?:\.\d+){3})$/.test(host)

/** Whether nobody but this machine and the receiver can read a request to the URL. */
export const isEncryptedOrLoopback = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || isLoopback(hostname)
