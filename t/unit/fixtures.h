/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and tokens for the tests of auth/, made once by an independent library (Python's cryptography). All
 * tokens carry CLAIMS of mint.h; the private halves of the keys are gone.
 */
#ifndef FIXTURES_H
#define FIXTURES_H

/* clang-format off */

/* Keys. */
#define RSA_JWK \
    "{\"kty\":\"RSA\",\"n\":\"zG5Qejq3bEiSRzZCZuikAWsoqISdoHxuf0IVkpIXO1e3WqaZ1jzDzMrmvvCQIYrbeI" \
    "VeIWGpOjy4ZsMDUOUv6qJP0RxZ24vbGgsdI0GRF4EbPhNPD_ocTo85N8JC4baxiDTQ5uIKXdIihuv8-lO-uk" \
    "FYye4feaVz4cCH9-Td2OFkVQYv6b8TnoU_VCxnks5wxjg9zW1O9d1JrBf9o0veLsW6J2nK2x9Vgo9nBFuhKY" \
    "_1R55-9KzQDzeKtRAD8DQvBx_qRqWB-CmqeBIqj3Pa70jXUudilJGRC1RA8w1Pxjb8szvblsrGlTAChzzm8g" \
    "YlB_HB9MJ5hQYthMk1NZ8LAw\",\"e\":\"AQAB\",\"kid\":\"rsa-a\"}"

#define RSA_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzG5Qejq3bEiSRzZCZuik\n" \
    "AWsoqISdoHxuf0IVkpIXO1e3WqaZ1jzDzMrmvvCQIYrbeIVeIWGpOjy4ZsMDUOUv\n" \
    "6qJP0RxZ24vbGgsdI0GRF4EbPhNPD/ocTo85N8JC4baxiDTQ5uIKXdIihuv8+lO+\n" \
    "ukFYye4feaVz4cCH9+Td2OFkVQYv6b8TnoU/VCxnks5wxjg9zW1O9d1JrBf9o0ve\n" \
    "LsW6J2nK2x9Vgo9nBFuhKY/1R55+9KzQDzeKtRAD8DQvBx/qRqWB+CmqeBIqj3Pa\n" \
    "70jXUudilJGRC1RA8w1Pxjb8szvblsrGlTAChzzm8gYlB/HB9MJ5hQYthMk1NZ8L\n" \
    "AwIDAQAB\n" \
    "-----END PUBLIC KEY-----\n"

#define RSA_PKCS1_PEM \
    "-----BEGIN RSA PUBLIC KEY-----\n" \
    "MIIBCgKCAQEAzG5Qejq3bEiSRzZCZuikAWsoqISdoHxuf0IVkpIXO1e3WqaZ1jzD\n" \
    "zMrmvvCQIYrbeIVeIWGpOjy4ZsMDUOUv6qJP0RxZ24vbGgsdI0GRF4EbPhNPD/oc\n" \
    "To85N8JC4baxiDTQ5uIKXdIihuv8+lO+ukFYye4feaVz4cCH9+Td2OFkVQYv6b8T\n" \
    "noU/VCxnks5wxjg9zW1O9d1JrBf9o0veLsW6J2nK2x9Vgo9nBFuhKY/1R55+9KzQ\n" \
    "DzeKtRAD8DQvBx/qRqWB+CmqeBIqj3Pa70jXUudilJGRC1RA8w1Pxjb8szvblsrG\n" \
    "lTAChzzm8gYlB/HB9MJ5hQYthMk1NZ8LAwIDAQAB\n" \
    "-----END RSA PUBLIC KEY-----\n"

#define RSA_MODULUS \
    "zG5Qejq3bEiSRzZCZuikAWsoqISdoHxuf0IVkpIXO1e3WqaZ1jzDzMrmvvCQIYrbeIVeIWGpOjy4ZsMDUOUv" \
    "6qJP0RxZ24vbGgsdI0GRF4EbPhNPD_ocTo85N8JC4baxiDTQ5uIKXdIihuv8-lO-ukFYye4feaVz4cCH9-Td" \
    "2OFkVQYv6b8TnoU_VCxnks5wxjg9zW1O9d1JrBf9o0veLsW6J2nK2x9Vgo9nBFuhKY_1R55-9KzQDzeKtRAD" \
    "8DQvBx_qRqWB-CmqeBIqj3Pa70jXUudilJGRC1RA8w1Pxjb8szvblsrGlTAChzzm8gYlB_HB9MJ5hQYthMk1" \
    "NZ8LAw"

#define RSA_1024_JWK \
    "{\"kty\":\"RSA\",\"n\":\"nRsEexVtf9n0CjN76YMbRgy8bCcaHTv4RNwu3xatHHRbNu7SB1A_pzobU4BQD5UePp" \
    "W_FMxgRyt_Yr8g3vEYauacH31PVdDiQGa_f_O58E7vwnOl4EzGE3ZOWMJTB0pvOj-SExZv8Jwx-zkvni20BZ" \
    "8ox-IREgtvw3G5_8NTuM0\",\"e\":\"AQAB\",\"kid\":\"rsa-small\"}"

#define RSA_1024_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCdGwR7FW1/2fQKM3vpgxtGDLxs\n" \
    "JxodO/hE3C7fFq0cdFs27tIHUD+nOhtTgFAPlR4+lb8UzGBHK39ivyDe8Rhq5pwf\n" \
    "fU9V0OJAZr9/87nwTu/Cc6XgTMYTdk5YwlMHSm86P5ITFm/wnDH7OS+eLbQFnyjH\n" \
    "4hESC2/Dcbn/w1O4zQIDAQAB\n" \
    "-----END PUBLIC KEY-----\n"

#define EC_JWK \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"vTUx8YZ6soLBAg1takjbLA_-5D5IUI4mq3bO1LW1W78\",\"y\":\"amW" \
    "pHkanIDumTnBG9YcjbEOHy3xQIEiBlCmuMwsLghw\",\"kid\":\"ec-a\"}"

#define EC_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvTUx8YZ6soLBAg1takjbLA/+5D5I\n" \
    "UI4mq3bO1LW1W79qZakeRqcgO6ZOcEb1hyNsQ4fLfFAgSIGUKa4zCwuCHA==\n" \
    "-----END PUBLIC KEY-----\n"

#define EC_X \
    "vTUx8YZ6soLBAg1takjbLA_-5D5IUI4mq3bO1LW1W78"

#define EC_Y \
    "amWpHkanIDumTnBG9YcjbEOHy3xQIEiBlCmuMwsLghw"

#define EC_B_JWK \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"kMtRsXas41Np4WrOnVQ7zchu3IFGG9uQxBLrgtLo-b4\",\"y\":\"NES" \
    "86jw8weDfyGCjCenQzc6YDQTejbZPPi4dk2nrhxE\",\"kid\":\"ec-b\"}"

#define EC_B_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkMtRsXas41Np4WrOnVQ7zchu3IFG\n" \
    "G9uQxBLrgtLo+b40RLzqPDzB4N/IYKMJ6dDNzpgNBN6Ntk8+Lh2TaeuHEQ==\n" \
    "-----END PUBLIC KEY-----\n"

#define EC_SAME_KID_JWK \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"kMtRsXas41Np4WrOnVQ7zchu3IFGG9uQxBLrgtLo-b4\",\"y\":\"NES" \
    "86jw8weDfyGCjCenQzc6YDQTejbZPPi4dk2nrhxE\",\"kid\":\"ec-a\"}"

#define EC_P384_JWK \
    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"FVFGM26LdCiolikXucOWddeNsct_d4oxDHm4QHfoXfZt_gP5cedgX" \
    "YMgMFx_ZkhI\",\"y\":\"aWLBAac3kcJLAk9iYvP551JmTSqYhG7CpO4bgkuS72vGTcgnt6U-HRtwhUXPIlNs\"," \
    "\"kid\":\"ec-384\"}"

#define EC_P384_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEFVFGM26LdCiolikXucOWddeNsct/d4ox\n" \
    "DHm4QHfoXfZt/gP5cedgXYMgMFx/ZkhIaWLBAac3kcJLAk9iYvP551JmTSqYhG7C\n" \
    "pO4bgkuS72vGTcgnt6U+HRtwhUXPIlNs\n" \
    "-----END PUBLIC KEY-----\n"

#define EC_K1_JWK \
    "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"CuilBGLQsMljuJ_ewuPYxlgC0GUOKC7Hg9wcBGuPV-I\",\"y\":" \
    "\"izIk_64YVcTyYoRRKTK8KZnoGSR8Kh9jPUoFNYgHfk8\",\"kid\":\"ec-k1\"}"

#define EC_K1_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAECuilBGLQsMljuJ/ewuPYxlgC0GUOKC7H\n" \
    "g9wcBGuPV+KLMiT/rhhVxPJihFEpMrwpmegZJHwqH2M9SgU1iAd+Tw==\n" \
    "-----END PUBLIC KEY-----\n"

#define ED_JWK \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"A6eSAa7-zpfSikUuvPGwVt-TqndZ4ducuTOq7mymPpw\",\"kid\"" \
    ":\"ed-a\"}"

#define ED_PEM \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MCowBQYDK2VwAyEAA6eSAa7+zpfSikUuvPGwVt+TqndZ4ducuTOq7mymPpw=\n" \
    "-----END PUBLIC KEY-----\n"

/* Tokens, signed as the name says. */
#define RS256_TOKEN \
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS1hIn0.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28v" \
    "YXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAw" \
    "MCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRp" \
    "Y2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYz" \
    "YjdhMWMxMSJ9.kwOaKlopD-TBUgCy9rsIl9DMuFn4fiRx1tNgL-Xtois8l3A5G1WBYZG2lX6MMwN9hGeuD-Q" \
    "MuAMWvYxYZ5rmKlXisYgcKYTXWFmr33WsnOjLGbyRBGp4CjifvPnGD01mPzP0TSa_YsvIUax8E95_OFn5s1x" \
    "XTCF8RzzYwNMe5WviqIHrwjfnXe4Et2JltwDfyLrF0_D0-_bw-HFmxkYDzfEZcoQPklkabbYjXU4iPCrnA87" \
    "aErY83T-KtHQ1JYk5SugJ-MIt_C5j_GRCCH19PkocU3CHkxv-_Z47PqJ_SiGz1N6UtzBJp-L_eiMyFwYSlXb" \
    "irjKweuj7xVf0q6SxcA"

#define RS384_TOKEN \
    "eyJhbGciOiJSUzM4NCIsImtpZCI6InJzYS1hIn0.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28v" \
    "YXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAw" \
    "MCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRp" \
    "Y2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYz" \
    "YjdhMWMxMSJ9.Zff2WKRtDF59wIJDuDjY-2YyxoqGIvZYk6g7pfzserliU5BLuN-XF0dIlD55UppxSesLhBh" \
    "o0L55FA6ZbTBkQPv352eRQHM4ZXolpKY-NRyDyZ1lCDBamsLA6CcBTbQ1jXVqBGwlp1yIFjYwnJ4qaSAeS9b" \
    "CRWZI1Dz4eZEjpWA-hE7S77Ups0DXCzqC96W2ZP-TMFfvS60pfpBcQOqnhiq2RTajzzkJoqK2foRkguH2Hl8" \
    "wxL9nQd8Zhwx1icExN5q0DvvPdqRZ9AalWTyCVZkHbjnGd3xEUZxs9gyddSDTwzT7wVo6kwxFg24F3kCpK6p" \
    "DFZX8Ugib9PhseWXDPQ"

#define PS256_TOKEN \
    "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYS1hIn0.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28v" \
    "YXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAw" \
    "MCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRp" \
    "Y2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYz" \
    "YjdhMWMxMSJ9.tOcICBZcm0h7COQ0pSxIlz2G0SVtJpRF0jcmgRFnWZR2jIrU_QdvMmvJ0NWwasC8BAM_kvM" \
    "BYEwh6UGBiqOrbfSfesvPJyaiFW_tGFm03WA0Mz621fKOgvH3PDthFUII82CnWzTY_Dn7T11xmvR0U7TIgLI" \
    "e0Zw6jokREx900oHZOMOcUVzndtoZigkIP1d9n2cYhyuciKwZwR4BIX--WdCI0U_UGO3nx-14abOiX0q4Sq3" \
    "71UPWmcVheKybXtP4rJOVgd3gfZJ1U0FIUOBPuBObrn6N49BH4Bx05MBLczgpVSO5HrzL1NAHCJin2_AMBVI" \
    "2DzePnDhWV7bu1Bmm7A"

/* says RS256, is PS256 */
#define RS256_BY_PSS_TOKEN \
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS1hIn0.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28v" \
    "YXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAw" \
    "MCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRp" \
    "Y2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYz" \
    "YjdhMWMxMSJ9.QV9tNWVyWZUnzNG9rvBujPnTQVrzHGZocDg7DPNHNmb55uwTg9wH-qg9lnWOX3nVw9Q21ll" \
    "aImVa-l7G0lzdDAG-Fx8WJo4ynBr3EOVoKWhe2NOqvNSk_FOhqbu-MhLghcIQcX3jZYA0ZCI7A9rb6LifroM" \
    "GL34tQtwgrZwUK8riwN2HTR-ObBIwk9XdhjXVauaw8anfxy8YHtHmPUDarb6qur2M-4igbckvDqIul3xY2uO" \
    "mwzVG-V5qUEtcFUKywY9jOb2UKEPQDf6AXrN7EBOGqBJysby-H5iTeyMXPwC69Lqrw8b1fRQ8tmobEuh_uiT" \
    "nk_8xPXj7We-G6tHiKQ"

#define ES256_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLWEifQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vY" \
    "XV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwM" \
    "Cwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzY" \
    "jdhMWMxMSJ9.4yvpQgU8HfWdo-D1u-aVGhQrcTlMMeq_0HnwHEaDoottrtKk0c18ApJ7V_MlXddQ68aREkE2" \
    "b83k4Y2gqt3z6A"

/* the same with n - s */
#define ES256_TWIN_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLWEifQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vY" \
    "XV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwM" \
    "Cwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzY" \
    "jdhMWMxMSJ9.4yvpQgU8HfWdo-D1u-aVGhQrcTlMMeq_0HnwHEaDoouSUS1aLjKD_m2EqAzaoiiu0SBpm2Xh" \
    "LrcO2D0iUYUxaQ"

/* the same signature in DER */
#define ES256_DER_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLWEifQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vY" \
    "XV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwM" \
    "Cwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzY" \
    "jdhMWMxMSJ9.MEUCIQDjK-lCBTwd9Z2j4PW75pUaFCtxOUwx6r_QefAcRoOiiwIgba7SpNHNfAKSe1fzJV3X" \
    "UOvGkRJBNm_N5OGNoKrd8-g"

/* its signing input */
#define ES256_INPUT \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLWEifQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vY" \
    "XV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwM" \
    "Cwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzY" \
    "jdhMWMxMSJ9"

#define ES256_SIGNATURE_HEX \
    "e32be942053c1df59da3e0f5bbe6951a142b71394c31eabfd079f01c4683a28b6daed2a4d1cd7c02927b" \
    "57f3255dd750ebc6911241366fcde4e18da0aaddf3e8"

#define ES256_NO_KID_TOKEN \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vYXV0aC92MSIsImF1ZCI" \
    "6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwMCwic3ViIjoiNmY5NjE" \
    "5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJhYWwiOiJ" \
    "hYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzYjdhMWMxMSJ9.Ypm3AT" \
    "eC_UdcqKQGSC4hLVfSxRVKCcnHP8LNJ8L-AjADWfTJ_hegKUBz5DombTBBOt6fnK6thd6JJckOtvQ0Lg"

/* by EC_B */
#define ES256_B_NO_KID_TOKEN \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vYXV0aC92MSIsImF1ZCI" \
    "6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwMCwic3ViIjoiNmY5NjE" \
    "5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJhYWwiOiJ" \
    "hYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzYjdhMWMxMSJ9.B9kOm9" \
    "ogxGEuFIJPy633nYCpbioGZHF9VrSavgFUbMdmxHz7Aud26Zc8HRSlSFCpWzsIsth99Vs-3P8mNc8U6w"

/* by EC_B, under a kid of its own */
#define ES256_NEW_KID_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLW5ldyJ9.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28" \
    "vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDA" \
    "wMCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnR" \
    "pY2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmY" \
    "zYjdhMWMxMSJ9.xjW6T-P6wZgwbGWwjcMuRwww3uspg8GhRxR9zQ-fdqyGdbO98lKL0c61WK4lj_dNh9oevT" \
    "TlEDm97yVEWleeAg"

/* by EC_B, which its header carries, under the kid of EC */
#define ES256_EMBEDDED_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLWEiLCJqd2siOnsia3R5IjoiRUMiLCJjcnYiOiJQLTI1NiIsIngi" \
    "OiJrTXRSc1hhczQxTnA0V3JPblZRN3pjaHUzSUZHRzl1UXhCTHJndExvLWI0IiwieSI6Ik5FUzg2anc4d2VE" \
    "ZnlHQ2pDZW5RemM2WURRVGVqYlpQUGk0ZGsybnJoeEUifSwiamt1IjoiaHR0cHM6Ly9hdHRhY2tlci5leGFt" \
    "cGxlL2p3a3MuanNvbiIsIng1dSI6Imh0dHBzOi8vYXR0YWNrZXIuZXhhbXBsZS94NXUiLCJ4NWMiOlsiTUlJ" \
    "QiJdfQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwMCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00Z" \
    "DAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc" \
    "2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzYjdhMWMxMSJ9.FICCv7in7T6KC8BjMGYa" \
    "TpLzaAGRLhR8noFrJH1480lJ2MywWLpa1ZFiGMKggo853iHzQwSMFLIrlbA88TRrAA"

#define ES384_TOKEN \
    "eyJhbGciOiJFUzM4NCIsImtpZCI6ImVjLTM4NCJ9.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28" \
    "vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDA" \
    "wMCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnR" \
    "pY2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmY" \
    "zYjdhMWMxMSJ9.piPhEtPZbRzWqQ7BJDSVn1GXCOHZgfiJBu-rzATIkIwzj4qumzMUTvx03E9rmLOBn8xqcT" \
    "W4CjHs7k64uPOMBmzLKSS-BFz4qFx34Lk8cTO9zJ0ctu1VrNLp2xQ-t8yH"

#define ES256K_TOKEN \
    "eyJhbGciOiJFUzI1NksiLCJraWQiOiJlYy1rMSJ9.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28" \
    "vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDA" \
    "wMCwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnR" \
    "pY2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmY" \
    "zYjdhMWMxMSJ9.jjii_HfyAC6ioZfUIDbZXR3KTMsGJ_O1y4o1d8GPwcXvbmF00r4dnAh7MUcs_F-HMQMBzx" \
    "5r_RSOP-zaGwRnUg"

#define EDDSA_TOKEN \
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkLWEifQ.eyJpc3MiOiJodHRwczovL2RlbW8uc3VwYWJhc2UuY28vY" \
    "XV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjE3MDAwMDM2MDAsImlhdCI6MTcwMDAwMDAwM" \
    "Cwic3ViIjoiNmY5NjE5ZmYtOGI4Ni00ZDAxLWI0MmQtMDBjZjRmYzk2NGZmIiwicm9sZSI6ImF1dGhlbnRpY" \
    "2F0ZWQiLCJhYWwiOiJhYWwxIiwic2Vzc2lvbl9pZCI6IjBiMGQ3YTNlLTZmMGUtNGQwYy05YTUxLTJmNmYzY" \
    "jdhMWMxMSJ9.52uza2E-aMdfjhWFOdSx_yJV1EKdoWvetUMMB1Xmd0YWIxn9buzixaETUV2_PKXOegQPKPg1" \
    "1kV0Nlk4WHu-CQ"
/* RFC 7515, appendix A.1 to A.3, and RFC 8037, appendix A.4 */
#define RFC_HS256_SECRET "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define RFC_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_HS256_TOKEN "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_PAYLOAD \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define RFC_RS256_JWK "{\"kty\":\"RSA\",\"n\":\"" \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR" \
    "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB" \
    "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia" \
    "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}"
#define RFC_RS256_TOKEN "eyJhbGciOiJSUzI1NiJ9." RFC_PAYLOAD "." \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9" \
    "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB" \
    "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq" \
    "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define RFC_ES256_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\"," \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define RFC_ES256_TOKEN "eyJhbGciOiJFUzI1NiJ9." RFC_PAYLOAD \
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RFC_EDDSA_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RFC_EDDSA_TOKEN "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc" \
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

/* clang-format on */

#endif
