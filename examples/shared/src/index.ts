export { type Account, type Accounts, demoAccounts, type LoginResult, openAccounts } from './accounts.js';
export { serve } from './serve.js';
