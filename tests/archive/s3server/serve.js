// s3rver on loopback, with one bucket, "archive", for one key pair, S3RVER / S3RVER. Prints the port it got.
// usage: node --openssl-legacy-provider serve.js DIRECTORY PORT [unconditional]   (NODE_PATH names the modules; port 0: any; s3rver makes
// the marks of its pages with DES)
//
// In front of it stands what s3rver itself does not do: signatures are computed and compared, the body is compared with the
// hash that was signed, and a PUT under `If-None-Match: *` leaves an object that is there as it is. With
// `unconditional` such a PUT is answered 501, as by services that do not know it. A path with "busy-N" in it is answered
// 503 for its first N requests, and one with "cut-N" has its answers cut off in the middle as often.
"use strict";
const crypto = require("crypto");
const http = require("http");
const S3rver = require("s3rver");

const [directory, port, mode] = process.argv.slice(2);
const inner = new S3rver({
  directory,
  silent: true,
  allowMismatchedSignatures: true,
  configureBuckets: [{ name: "archive" }],
});
const faults = new Map();

const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

// AWS Signature Version 4, as "Signature Calculations for the Authorization Header" has it.
function signatureFits(request, body) {
  const form = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, *SignedHeaders=([^,]+), *Signature=([0-9a-f]+)$/;
  const match = form.exec(request.headers.authorization || "");
  if (!match || match[1] !== "S3RVER") return false;
  const [, , day, region, signed, signature] = match;
  const names = signed.split(";");
  const hash = request.headers["x-amz-content-sha256"];
  if (hash !== sha256(body) || !names.includes("host") || !names.includes("x-amz-content-sha256")) return false;
  const [path, query] = request.url.split("?");
  const canonical = [
    request.method,
    path,
    (query || "").split("&").sort().join("&"),
    ...names.map((name) => `${name}:${String(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signed,
    hash,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = [region, "s3", "aws4_request"].reduce(hmac, hmac("AWS4S3RVER", day));
  return hmac(key, text).toString("hex") === signature;
}

function refuse(response, status, code) {
  response.writeHead(status, { "Content-Type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

// True, as often as the path asks for.
function faulty(path, kind) {
  const wanted = new RegExp(`${kind}-(\\d+)`).exec(path);
  if (!wanted) return false;
  const key = `${kind} ${path}`;
  const left = faults.has(key) ? faults.get(key) : Number(wanted[1]);
  faults.set(key, left - 1);
  return left > 0;
}

const storedAt = (path) => decodeURIComponent(path).split("/").slice(2).join("/");

let innerPort = 0;

const outer = http.createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", async () => {
      const body = Buffer.concat(pieces);
      const path = request.url.split("?")[0];
      if (faulty(path, "busy")) return refuse(response, 503, "SlowDown");
      if (faulty(path, "cut")) {
        response.writeHead(200, { "Content-Length": 1000 });
        response.write("half of it");
        return setTimeout(() => response.destroy(), 10);
      }
      if (!signatureFits(request, body)) return refuse(response, 403, "SignatureDoesNotMatch");
      if (request.method === "PUT" && request.headers["if-none-match"] === "*") {
        if (mode === "unconditional") return refuse(response, 501, "NotImplemented");
        const name = storedAt(path);
        if (await inner.store.existsObject("archive", name)) return refuse(response, 412, "PreconditionFailed");
      }
      delete request.headers["if-none-match"];
      const headers = { ...request.headers, "content-length": body.length };
      const passed = http.request({ host: "127.0.0.1", port: innerPort, method: request.method, path: request.url, headers });
      passed.on("response", (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      passed.on("error", (why) => refuse(response, 500, String(why)));
      passed.end(body);
    });
  });

(async () => {
  await inner.configureBuckets();
  innerPort = (await inner.listen(0, "127.0.0.1")).address().port;
  outer.listen(Number(port), "127.0.0.1", () => console.log(`port ${outer.address().port}`));
})();
