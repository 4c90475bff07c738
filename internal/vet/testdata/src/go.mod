module example.test/claims.v2

go 1.24
