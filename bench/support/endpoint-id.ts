/** The endpoint of an account. The id of zeros is a placeholder that Curfew warns of. */
export const endpointIdOf = (account: number): string => `cvpn-endpoint-${(account + 1).toString(16).padStart(17, '0')}`
