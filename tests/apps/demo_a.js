// Dialect A, with the mediasoup-client of its time.

import * as mediasoup from 'mediasoup-client-3.7';

import { offer } from './app.js';
import { WORDS_A } from './words_a.js';

offer(mediasoup, WORDS_A);
