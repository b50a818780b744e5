using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Targets.Tests.Local.Roots;

/// <summary>Tars as images have them, made entry by entry.</summary>
internal sealed class TarBuilder
{
    private readonly MemoryStream _stream = new();
    private readonly TarWriter _tar;

    internal TarBuilder() => _tar = new TarWriter(_stream, TarEntryFormat.Pax, leaveOpen: true);

    internal TarBuilder File(string name, string content, int mode = 0x1a4) => File(name, Encoding.UTF8.GetBytes(content), mode);

    internal TarBuilder File(string name, byte[] content, int mode = 0x1a4)
    {
        _tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content), Mode = (UnixFileMode)mode, Uid = 999, Gid = 999 });
        return this;
    }

    internal TarBuilder Folder(string name, int mode = 0x1ed)
    {
        _tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, name) { Mode = (UnixFileMode)mode });
        return this;
    }

    internal TarBuilder Link(string name, string target, TarEntryType type = TarEntryType.SymbolicLink)
    {
        _tar.WriteEntry(new PaxTarEntry(type, name) { LinkName = target });
        return this;
    }

    internal TarBuilder Device(string name)
    {
        _tar.WriteEntry(new PaxTarEntry(TarEntryType.CharacterDevice, name) { DeviceMajor = 1, DeviceMinor = 3 });
        return this;
    }

    internal byte[] Bytes()
    {
        _tar.Dispose();
        return _stream.ToArray();
    }

    internal static byte[] Zipped(byte[] content)
    {
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(content);
        return zipped.ToArray();
    }

    /// <summary>An OCI layout of those layers, as files by name.</summary>
    internal static Dictionary<string, byte[]> Layout(string config, params byte[][] layers)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["oci-layout"] = Encoding.UTF8.GetBytes("""{"imageLayoutVersion":"1.0.0"}""") };
        string Blob(byte[] content)
        {
            var hex = Convert.ToHexStringLower(SHA256.HashData(content));
            files[$"blobs/sha256/{hex}"] = content;
            return $"sha256:{hex}";
        }

        var layerTexts = layers.Select(layer => $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{Blob(layer)}}","size":{{layer.Length}}}""");
        var manifest = $$"""{"schemaVersion":2,"config":{"digest":"{{Blob(Encoding.UTF8.GetBytes(config))}}"},"layers":[{{string.Join(',', layerTexts)}}]}""";
        var digest = Blob(Encoding.UTF8.GetBytes(manifest));
        var manifests = ((string[])["amd64", "arm64"]).Select(architecture => $$$"""{"digest":"{{{digest}}}","platform":{"os":"linux","architecture":"{{{architecture}}}"}}""");
        files["index.json"] = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{{string.Join(',', manifests)}}]}""");
        return files;
    }

    internal static byte[] Of(Dictionary<string, byte[]> files)
    {
        var tar = new TarBuilder();
        foreach (var (name, content) in files)
            tar.File(name, content);
        return tar.Bytes();
    }
}
