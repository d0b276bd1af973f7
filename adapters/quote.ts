const PLAIN = /^[ !#-[\]-~]{0,64}$/;

/** The JSON text of a string. Most are short names, which stand as they are: for those this costs a third. */
export const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
