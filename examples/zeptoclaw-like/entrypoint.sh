# A stand-in for an agent: reads its config.json, keeps its data in /data, serves a page on 8080 and its health on 9090.
set -eu
box=/bin/busybox
config=$HOME/.zeptoclaw/config.json

# As images do that began as root: it fails here when something read-only lies inside the volume.
$box chown -R "$($box id -u):$($box id -g)" /data

[ -r "$config" ] || { echo "cannot read $config" >&2; exit 1; }
starts=$(($($box cat /data/starts 2>/dev/null || echo 0) + 1))
echo "$starts" > /data/starts

$box mkdir -p /tmp/www /tmp/health
$box sed -n 's/.*"name": *"\([^"]*\)".*/Hello from \1/p' "$config" > /tmp/www/index.html
echo "$starts" > /tmp/www/starts
echo '{"status":"ok"}' > /tmp/health/healthz
echo '{"status":"ready"}' > /tmp/health/readyz

echo "{\"level\":\"info\",\"message\":\"start $starts\"}"
$box httpd -p 9090 -h /tmp/health
exec $box httpd -f -p 8080 -h /tmp/www
