import express from 'express';

export default express().post('/login', (_request, response) => response.end());
