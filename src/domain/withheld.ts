/** Takes the place of a text that may quote a name, where names are not to be shown. `shownBy`: what shows the text. */
export const withheld = (shownBy: string): string => `(withheld, because it may name people: ${shownBy} shows it)`
