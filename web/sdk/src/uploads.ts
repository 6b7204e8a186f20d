import { ParleyError } from "./errors.js";
import type { Surface } from "./platform.js";

/** Where to put a file: an S3 presigned POST. */
export interface UploadTarget {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Puts a file where it was told to. Raises `too_large`, `network`, `aborted` or what the storage's status means. */
export async function putFile(
  platform: Surface,
  { url, fields }: UploadTarget,
  file: Blob,
  fileName: string,
  onProgress: (sent: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", file, fileName); // S3 ignores what comes after the file.
  onProgress(0, file.size);
  const status = platform.XMLHttpRequest === undefined ? await postByFetch(platform, url, form, signal) : await postByRequest(platform.XMLHttpRequest, url, form, file.size, onProgress, signal);
  if (status < 200 || status >= 300) throw new ParleyError(status === 413 ? "too_large" : status >= 500 ? "unavailable" : "invalid_request", "The file was refused.", { status });
  onProgress(file.size, file.size);
}

/** `fetch` cannot tell how far an upload is. */
async function postByFetch(platform: Surface, url: string, form: FormData, signal?: AbortSignal): Promise<number> {
  try {
    const response = await platform.fetch(url, { method: "POST", body: form, signal: signal ?? null });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    throw signal?.aborted === true ? aborted() : new ParleyError("network", "The file could not be uploaded.", { cause: error });
  }
}

function postByRequest(
  Request: typeof XMLHttpRequest,
  url: string,
  form: FormData,
  size: number,
  onProgress: (sent: number, total: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new Request();
    request.open("POST", url);
    // What is sent is a little more than the file.
    request.upload.onprogress = ({ loaded }) => {
      onProgress(Math.min(loaded, size), size);
    };
    request.onload = () => {
      resolve(request.status);
    };
    request.onerror = () => {
      reject(new ParleyError("network", "The file could not be uploaded."));
    };
    request.onabort = () => {
      reject(aborted());
    };
    const abort = (): void => {
      request.abort();
    };
    signal?.addEventListener("abort", abort);
    request.onloadend = () => {
      signal?.removeEventListener("abort", abort);
    };
    if (signal?.aborted === true) reject(aborted());
    else request.send(form);
  });
}

function aborted(): ParleyError {
  return new ParleyError("aborted", "The upload was given up.");
}
