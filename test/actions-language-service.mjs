// GitHub's own checks of workflow files. They import JSON in a way that Node does not support, so the test bundles this file.
export { validate } from '@actions/languageservice';
export { TextDocument } from 'vscode-languageserver-textdocument';
