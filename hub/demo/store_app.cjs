// The demo's store: Vendure on PostgreSQL, on loopback. Port, database and administrator come as JSON in STORE.
const { bootstrap, DefaultJobQueuePlugin, DefaultSearchPlugin, dummyPaymentHandler } = require('@vendure/core');

const given = JSON.parse(process.env.STORE);

process.stdin.resume();
process.stdin.on('end', () => process.exit(0)); // whoever started us is gone

bootstrap({
  apiOptions: { port: given.port, hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api', adminListQueryLimit: 1000 },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: given.user, password: given.password },
    cookieOptions: { secret: given.password },
    requireVerification: false,
  },
  dbConnectionOptions: { type: 'postgres', synchronize: true, host: given.socket, username: 'postgres', database: 'postgres' },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultJobQueuePlugin.init({}), DefaultSearchPlugin],
}).then(
  () => console.log('READY'),
  (error) => { console.error(error); process.exit(1); },
);
