// Dialect A, with a mediasoup-client that came after it, and that knows no sctpCapabilities.

import * as mediasoup from 'mediasoup-client';

import { offer } from './app.js';
import { WORDS_A } from './words_a.js';

offer(mediasoup, WORDS_A);
