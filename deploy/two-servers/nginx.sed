# Two web servers behind nginx: sed -f deploy/two-servers/nginx.sed deploy/nginx.conf; put the two addresses in here first.
s|^    server 127\.0\.0\.1:8000;|    server 10.20.0.11:8000 max_fails=1 fail_timeout=5s;\n    server 10.20.0.12:8000 max_fails=1 fail_timeout=5s;|
# The pages of the ballot are sent to the other server if one dies over them: the same page twice gives the same answer,
# the same ballot twice is one ballot. Not so the taking of a code, and nothing else: there nginx asks again only if the
# request has not left it. A server that has vanished without a word is given 30 s.
/^    location \/ {/i\
    location ~ ^/ballot/(sections/|rate/|review/|cast/)?$ {\
        proxy_pass http://nanchuan;\
        proxy_connect_timeout 2s;\
        proxy_read_timeout 30s;\
        proxy_next_upstream error timeout non_idempotent;\
        proxy_next_upstream_tries 2;\
    }\

