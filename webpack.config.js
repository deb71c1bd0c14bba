// Read by @jupyter/builder. Without it module ids are hashes of absolute paths,
// and the committed bundle would differ from folder to folder.
module.exports = {
  context: __dirname,
  output: { filename: '[name].js?v=[contenthash]' },
  optimization: { moduleIds: 'named', chunkIds: 'named' }
};
