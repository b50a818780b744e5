using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>A registry on a loopback address of the engine's network, as far as a pull asks for it: an engine speaks plain HTTP with such a one.</summary>
internal sealed class StandInRegistry : IAsyncDisposable
{
    private const int Port = 5000;
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    private const byte TlsHandshake = 0x16;
    private readonly NamespaceSockets _sockets = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _manifests = new(StringComparer.Ordinal);
    private Socket _listener = null!;
    private Task _answering = Task.CompletedTask;

    /// <summary>The name of its only repository.</summary>
    internal static string Repository => $"127.0.0.1:{Port}/app";

    internal static async Task<StandInRegistry> StartAsync(string network)
    {
        var registry = new StandInRegistry();
        registry._listener = new Socket(await registry._sockets.OpenTcpAsync(network));
        registry._listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        registry._listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        registry._listener.Listen();
        registry._answering = registry.AnswerAllAsync();
        return registry;
    }

    /// <summary>Gives a tag an image of busybox and a file <c>/mark</c>; gives the image's digest.</summary>
    internal string Push(string tag, string mark)
    {
        var layers = new[] { Layer("bin/busybox", File.ReadAllBytes(Programs.Find("busybox")!)), Layer("mark", Encoding.ASCII.GetBytes(mark)) };
        var config = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["architecture"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(layer => JsonValue.Create(Digest(layer)))]) },
        }.ToJsonString());
        var manifest = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Keep(config, "application/vnd.docker.container.image.v1+json"),
            ["layers"] = new JsonArray([.. layers.Select(layer => Keep(Zip(layer), "application/vnd.docker.image.rootfs.diff.tar.gzip"))]),
        }.ToJsonString());
        _manifests[tag] = _manifests[Digest(manifest)] = manifest;
        return Digest(manifest);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _answering;
        _sockets.Dispose();
        _end.Dispose();
    }

    private async Task AnswerAllAsync()
    {
        try
        {
            while (true)
                await AnswerAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test ended.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        try
        {
            var head = await HeadAsync(socket);
            var parts = head.Split(' ');
            if (parts.Length < 3)
                return;
            var (type, found) = Find(parts[1]);
            var body = found ?? "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"u8.ToArray();
            var text = $"HTTP/1.1 {(found is null ? "404 Not Found" : "200 OK")}\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nDocker-Content-Digest: {Digest(body)}\r\nConnection: close\r\n\r\n";
            await SendAsync(socket, Encoding.ASCII.GetBytes(text));
            if (parts[0] != "HEAD")
                await SendAsync(socket, body);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Who asked has gone.
        }
    }

    private (string Type, byte[]? Body) Find(string path) => path.Split('/') switch
    {
        ["", "v2", ""] => ("application/json", "{}"u8.ToArray()),
        ["", "v2", "app", "manifests", var name] => (ManifestType, _manifests.GetValueOrDefault(name)),
        ["", "v2", "app", "blobs", var digest] => ("application/octet-stream", _blobs.GetValueOrDefault(digest)),
        _ => ("application/json", null),
    };

    // An engine tries TLS first, and takes the end of that for a no.
    private async Task<string> HeadAsync(Socket socket)
    {
        var buffer = new byte[16 * 1024];
        var length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0 && await socket.ReceiveAsync(buffer.AsMemory(length), _end.Token) is > 0 and var count)
        {
            length += count;
            if (buffer[0] == TlsHandshake)
                return "";
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private async Task SendAsync(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), _end.Token);
    }

    private JsonObject Keep(byte[] blob, string type)
    {
        _blobs[Digest(blob)] = blob;
        return new JsonObject { ["mediaType"] = type, ["size"] = blob.Length, ["digest"] = Digest(blob) };
    }

    private static byte[] Layer(string path, byte[] content)
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Pax, leaveOpen: true))
        {
            using var data = new MemoryStream(content);
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = data, Mode = (UnixFileMode)0b111_101_101 });
        }

        return buffer.ToArray();
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(bytes);
        return buffer.ToArray();
    }

    private static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
