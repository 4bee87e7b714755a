/** The path below which the daemon is reached, without a slash at its end; empty at the top. A proxy may serve it below any path. */
export const basePath = new URL('.', document.baseURI).pathname.replace(/\/$/, '');

export const apiUrl = (path: string): string => `${basePath}/api/v1/${path}`;
