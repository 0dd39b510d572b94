// A shop that knows nothing of OpenTelemetry: the SDK instruments it.
"use strict";

const express = require("express");

const app = express();
app.get("/ready", (_request, response) => response.send("ready"));
app.get("/items/:number", (request, response) => response.json({ number: request.params.number }));
app.post("/orders", (_request, response) => response.status(201).json({}));
app.get("/boom", () => {
  throw new Error("boom");
});
app.listen(Number(process.argv[2]), "127.0.0.1");

// The SDK sends what it has when the process is asked to end, and leaves the ending to the application.
process.on("SIGTERM", () => setTimeout(() => process.exit(0), 2000));
