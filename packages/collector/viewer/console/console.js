/* global SwaggerUIBundle -- defined by swagger-ui-bundle.js */
SwaggerUIBundle({ url: '../openapi.json', dom_id: '#console', deepLinking: true, displayRequestDuration: true, validatorUrl: null });
