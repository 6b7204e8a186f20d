"use strict";

// The trivial functions, as bench/load/twin_project has them in Python. What is posted need not be signed here.
const http = require("node:http");

const agent = new http.Agent({ keepAlive: true });

exports.echo = (event) =>
  new Promise((resolve, reject) => {
    const path = `/@connections/${encodeURIComponent(event.requestContext.connectionId)}`;
    const [hostname, port] = process.env.CALLBACK_HOST.split(":");
    const request = http.request({ agent, hostname, port, path, method: "POST" }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        if (answer.statusCode < 300) resolve({ statusCode: 200 });
        else reject(new Error(`@connections answered ${answer.statusCode}`));
      });
    });
    request.on("error", reject);
    request.end(event.body);
  });

exports.connect = async () => ({ statusCode: 200 });

exports.hello = async () => ({ statusCode: 200, body: "hello" });
