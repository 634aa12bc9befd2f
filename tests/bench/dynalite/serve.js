// dynalite on loopback alone, which its own program does not offer. With everything in memory.
// usage: node serve.js PORT (NODE_PATH names the modules)
"use strict";
const server = require("dynalite")({ createTableMs: 0 });
server.listen(Number(process.argv[2]), "127.0.0.1");
