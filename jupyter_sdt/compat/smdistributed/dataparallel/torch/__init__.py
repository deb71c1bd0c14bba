"""smdistributed.dataparallel.torch: the module API up to 1.3, the backend ``smddp`` from 1.4 on."""
