import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { inflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';

const PASSWORDS = new Map([
  ['alice@example.com', 'correct-horse-battery'],
  ['mallory@example.com', 'purple-monkey-dishwasher'],
]);
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const NAMESPACES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';
const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * Starts a SAML identity provider that asks for name and password, and responds by the POST binding (SAML 2.0 bindings, section 3.5). With
 * `?fault=expired` it sends an assertion of yesterday, with `?fault=refused` none.
 *
 * @param {{ entityId: string, callback: string }} serviceProvider the application
 * @returns {Promise<{ base: string, certificate: string }>} its address, and the certificate that verifies its responses
 */
export async function startProvider(serviceProvider) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  const about = { ...serviceProvider, base, privateKey };
  server.on('request', async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, base);
    if (pathname !== '/sso' || request.method !== 'POST')
      return response.end('<form method="post"><input name="name"><input name="password"></form>');
    const typed = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''));
    if (PASSWORDS.get(typed.get('name')) !== typed.get('password')) return response.writeHead(401).end('wrong name or password');
    const asked = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest'), 'base64')).toString();
    const inResponseTo = /\bID="([^"]+)"/.exec(asked)[1];
    return sendForm(response, answerOf(about, typed.get('name'), inResponseTo, searchParams.get('fault')));
  });
  return { base, certificate: publicKey };
}

function sendForm(response, xml) {
  response.setHeader('content-type', 'text/html');
  response.end(`<form method="post"><input type="hidden" name="SAMLResponse" value="${Buffer.from(xml).toString('base64')}"></form>`);
}

function answerOf(about, name, inResponseTo, fault) {
  const isRefused = fault === 'refused';
  const status = isRefused ? statusOf('Responder', statusOf('AuthnFailed')) : statusOf('Success');
  const assertion = isRefused ? '' : assertionOf(about, name, inResponseTo, fault === 'expired' ? Date.now() - DAY : Date.now());
  const attributes = `ID="${newId()}" Version="2.0" IssueInstant="${time(Date.now())}" Destination="${about.callback}" InResponseTo="${inResponseTo}"`;
  const xml = `<samlp:Response ${NAMESPACES} ${attributes}>${issuer(about)}<samlp:Status>${status}</samlp:Status>${assertion}</samlp:Response>`;
  return sign(xml, about.privateKey, 'Response');
}

function assertionOf(about, name, inResponseTo, at) {
  const until = time(at + 5 * MINUTE);
  const confirmation = `<saml:SubjectConfirmationData NotOnOrAfter="${until}" Recipient="${about.callback}" InResponseTo="${inResponseTo}"/>`;
  const xml = [
    `<saml:Assertion ${NAMESPACES} ID="${newId()}" Version="2.0" IssueInstant="${time(at)}">${issuer(about)}`,
    `<saml:Subject>${nameId(name)}<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">${confirmation}</saml:SubjectConfirmation></saml:Subject>`,
    `<saml:Conditions NotBefore="${time(at - MINUTE)}" NotOnOrAfter="${until}"><saml:AudienceRestriction><saml:Audience>${about.entityId}</saml:Audience></saml:AudienceRestriction></saml:Conditions>`,
    `<saml:AuthnStatement AuthnInstant="${time(at)}" SessionIndex="${newId()}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
    `<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>${name}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`,
  ].join('');
  return sign(xml, about.privateKey, 'Assertion');
}

function sign(xml, privateKey, element) {
  const signature = new SignedXml({ privateKey, signatureAlgorithm: RSA_SHA256, canonicalizationAlgorithm: EXCLUSIVE });
  const xpath = `/*[local-name(.)='${element}']`;
  signature.addReference({ xpath, digestAlgorithm: SHA256, transforms: [ENVELOPED, EXCLUSIVE] });
  signature.computeSignature(xml, { location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' } });
  return signature.getSignedXml();
}

const statusOf = (code, inner = '') => `<samlp:StatusCode Value="${STATUS}${code}">${inner}</samlp:StatusCode>`;
const issuer = ({ base }) => `<saml:Issuer>${base}</saml:Issuer>`;
const nameId = (name) => `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">${name}</saml:NameID>`;
const newId = () => `_${randomBytes(16).toString('hex')}`;
const time = (milliseconds) => new Date(milliseconds).toISOString();
