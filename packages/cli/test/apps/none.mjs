export const app = { listen() {} };
