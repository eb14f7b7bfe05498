/**
 * The policy sets of a state have a column of their own. An update of the row that does not change them writes them
 * neither into the table nor into the log of the server, however long they are.
 */
export const POLICY_SETS = `
alter table curfew.unit add column policy_sets bytea;
`
