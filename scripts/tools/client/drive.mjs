// Generates a TypeScript client from DIR/openapi.json, compiles drive.ts against it under --strict and runs it against a
// door: node drive.mjs DIR URL. The generated types are what is tested: a wrong path, member or status does not compile.
import { readFile, writeFile, copyFile, symlink } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const [dir, door] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const doc = JSON.parse(await readFile(join(dir, "openapi.json"), "utf8"));
await writeFile(join(dir, "tidegate.ts"), astToString(await openapiTS(doc)));
await writeFile(join(dir, "package.json"), '{"type":"module"}');
await copyFile(join(here, "drive.ts"), join(dir, "drive.ts"));
await symlink(join(here, "node_modules"), join(dir, "node_modules"));
const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [tsc, "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022,dom", join(dir, "drive.ts")], { stdio: "inherit" });
execFileSync(process.execPath, [join(dir, "drive.js"), door], { stdio: "inherit" });
