/** The flag of an option's name: `allowUrls` is `--allow-urls`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
