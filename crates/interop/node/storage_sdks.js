// The file life cycle through unmodified SDKs for Node, against the server that standard input names.
// Prints a line for each check, and ends with "every check held", or with what did not hold.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const words = require("asposewordscloud");
const slides = require("asposeslidescloud");

const CONTENT = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from("\r\n\0\n\r\r\n")]);
// The SDK of Slides sends letters beyond ASCII as single bytes, and a percent sign as it is.
const NAMES = ["a b+c (1).bin", "plain.bin", "caf\u00e9.bin"];

class Words {
  constructor({ base, clientId, secret }) {
    this.api = new words.WordsApi(clientId, secret, base);
  }
  token() { return this.api.configuration.authentication.accessToken; }
  createFolder(name) { return this.api.createFolder(new words.CreateFolderRequest({ path: name })); }
  async upload(name, content) {
    const request = new words.UploadFileRequest({ fileContent: content, path: name });
    return (await this.api.uploadFile(request)).body.uploaded;
  }
  copy(srcPath, destPath) { return this.api.copyFile(new words.CopyFileRequest({ srcPath, destPath })); }
  move(srcPath, destPath) { return this.api.moveFile(new words.MoveFileRequest({ srcPath, destPath })); }
  async download(name) { return (await this.api.downloadFile(new words.DownloadFileRequest({ path: name }))).body; }
  async names(folder) {
    const list = await this.api.getFilesList(new words.GetFilesListRequest({ path: folder }));
    return list.body.value.map((entry) => entry.name);
  }
  // This SDK has no call that asks for one file.
  async exists(name) { return (await this.names(path.posix.dirname(name))).includes(path.posix.basename(name)); }
  deleteFile(name) { return this.api.deleteFile(new words.DeleteFileRequest({ path: name })); }
  deleteFolder(name) { return this.api.deleteFolder(new words.DeleteFolderRequest({ path: name, recursive: true })); }
}

class Slides {
  constructor({ base, clientId, secret }) {
    this.api = new slides.SlidesApi(clientId, secret, base);
  }
  token() { return this.api.configuration.accessToken; }
  createFolder(name) { return this.api.createFolder(name); }
  async upload(name, content) { return (await this.api.uploadFile(name, content)).body.uploaded; }
  copy(source, destination) { return this.api.copyFile(source, destination); }
  move(source, destination) { return this.api.moveFile(source, destination); }
  async download(name) { return (await this.api.downloadFile(name)).body; }
  async names(folder) { return (await this.api.getFilesList(folder)).body.value.map((entry) => entry.name); }
  async exists(name) { return (await this.api.objectExists(name)).body.exists; }
  deleteFile(name) { return this.api.deleteFile(name); }
  deleteFolder(name) { return this.api.deleteFolder(name, null, true); }
}

function check(what, holds, seen) {
  if (!holds) {
    throw new Error(`${what}: ${seen}`);
  }
  console.log(`    ${what}`);
}

async function fails(call) {
  try {
    await call();
    return false;
  } catch (_) {
    return true;
  }
}

async function live(name, client, folder) {
  await client.createFolder(`${folder}/deep`);
  for (const fileName of NAMES) {
    const file = `${folder}/${fileName}`;
    const uploaded = await client.upload(file, CONTENT);
    check(`${name} uploads ${fileName}`, uploaded.length === 1 && uploaded[0] === fileName, uploaded);
    check(`${name} sees it`, await client.exists(file));
    check(`${name} lists it`, (await client.names(folder)).includes(fileName));
    await client.copy(file, `${folder}/deep/${fileName}`);
    await client.move(`${folder}/deep/${fileName}`, `${folder}/deep/moved.bin`);
    const content = await client.download(`${folder}/deep/moved.bin`);
    check(`${name} downloads equal bytes`, CONTENT.equals(content), content);
    await client.deleteFile(file);
    check(`${name} deletes it`, !(await client.exists(file)));
  }
  check(`${name} is told of a missing file`, await fails(() => client.download(`${folder}/none.bin`)));
  await client.deleteFolder(folder);
  check(`${name} deletes a folder with all in it`, await fails(() => client.names(folder)));
}

// Ends a token (RFC 7009), as if its time had come.
async function revoke({ base, clientId, secret }, token) {
  const body = new URLSearchParams({ token, client_id: clientId, client_secret: secret });
  const answer = await fetch(`${base}/connect/revocation`, { method: "POST", body });
  if (!answer.ok || !token) {
    throw new Error(`the token was not revoked: ${answer.status}`);
  }
}

// A token that ends in the middle of an upload from a stream: an error, or the whole file, and never an empty or short one.
// Some SDKs announce a second body that never comes, and wait; whoever uses them waits no longer than this.
async function loseNoContent(name, Client, setting) {
  const client = new Client(setting);
  const file = `interrupted/${name}.bin`;
  await client.upload(file, Buffer.from("before"));
  await revoke(setting, client.token());
  const local = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "sdk-")), "local.bin");
  fs.writeFileSync(local, CONTENT);
  const gaveUp = new Promise((_, refuse) => setTimeout(() => refuse(new Error("gave up")), 5000).unref());
  const failed = await fails(() => Promise.race([client.upload(file, fs.createReadStream(local)), gaveUp]));
  fs.rmSync(path.dirname(local), { recursive: true });
  const stored = await new Client(setting).download(file);
  const expected = failed ? Buffer.from("before") : CONTENT;
  check(`${name} loses nothing to a token that ends (${failed ? "refused" : "repeated whole"})`, expected.equals(stored), stored);
}

async function main() {
  const told = JSON.parse(fs.readFileSync(0, "utf8"));
  const setting = { base: told.base_url, clientId: told.client_id, secret: told.client_secret };
  for (const [name, Client] of [["Words", Words], ["Slides", Slides]]) {
    await live(name, new Client(setting), `node ${name}`);
    const wrong = new Client({ ...setting, secret: `wrong-node-${name}` });
    check(`${name} is refused with a wrong secret`, await fails(() => wrong.exists("any/file.bin")));
    await loseNoContent(name, Client, setting);
  }
  console.log("every check held");
}

main().then(() => process.exit(0), (error) => {
  console.log(`FAILED: ${error.message ?? error}`);
  process.exit(1);
});
