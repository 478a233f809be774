// Asks one camera with npm's `onvif` what the test wants to know, and prints it as one JSON object.
// node client.js MODULES HOST PORT USER, password in the environment variable CAMERA_PASSWORD
const [modules, hostname, port, username] = process.argv.slice(2);
const { Cam } = require(`${modules}/onvif`);

const options = { hostname, port: Number(port), username, password: process.env.CAMERA_PASSWORD, timeout: 10000 };
const told = {};

function ask(camera, name, ...args) {
  return new Promise((resolve, reject) => {
    camera[name](...args, (error, answer) => (error ? reject(new Error(`${name}: ${error.message}`)) : resolve(answer)));
  });
}

const camera = new Cam({ ...options, preserveAddress: true }, async (error) => {
  try {
    if (error) throw new Error(`connect: ${error.message}`);
    told.information = await ask(camera, 'getDeviceInformation');
    told.time = (await ask(camera, 'getSystemDateAndTime')).toISOString();
    told.users = (await ask(camera, 'getUsers')).map((user) => user.username);
    told.profiles = camera.profiles.map((profile) => profile.$.token);
    told.stream = (await ask(camera, 'getStreamUri', { protocol: 'RTSP' })).uri;
    told.snapshot = await ask(camera, 'getSnapshotUri', {}).then((found) => found.uri, (refusal) => refusal.message);
    told.hostname = (await ask(camera, 'getHostname')).name;
    process.stdout.write(JSON.stringify(told));
    process.exit(0);
  } catch (failure) {
    process.stderr.write(`${failure.message}\n`);
    process.exit(1);
  }
});
