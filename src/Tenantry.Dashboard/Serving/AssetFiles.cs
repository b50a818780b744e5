using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Tenantry.Dashboard.Serving;

/// <summary>Styles and scripts that are part of the program. Their names hold a digest of their content, so that browsers keep them for good.</summary>
internal sealed class AssetFiles
{
    private const int DigestLength = 12;
    private const string Prefix = "assets/";
    private readonly Lazy<FrozenDictionary<string, AssetFile>> byName = new(Read);

    /// <summary>Where a file is served.</summary>
    public string Url(string name) => $"/assets/{byName.Value[name].Name}";

    public async Task ServeAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        var file = byName.Value.Values.FirstOrDefault(one => one.Name == name);
        if (file is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = file.ContentType;
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.Headers.Vary = "Accept-Encoding";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var isPacked = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (isPacked)
            context.Response.Headers.ContentEncoding = "gzip";
        var content = isPacked ? file.Packed.Value : file.Content;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static FrozenDictionary<string, AssetFile> Read()
    {
        var assembly = typeof(AssetFiles).Assembly;
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name =>
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return (Name: name[Prefix.Length..], Content: content);
        }).ToFrozenDictionary(file => file.Name, file => AssetFile.Of(file.Name, file.Content), StringComparer.Ordinal);
    }

    private sealed record AssetFile(string Name, string ContentType, byte[] Content, Lazy<byte[]> Packed)
    {
        public static AssetFile Of(string name, byte[] content)
        {
            var extension = Path.GetExtension(name);
            var digest = Convert.ToHexStringLower(SHA256.HashData(content))[..DigestLength];
            return new AssetFile($"{Path.GetFileNameWithoutExtension(name)}.{digest}{extension}", TypeOf(extension), content, new Lazy<byte[]>(() => Pack(content)));
        }

        private static string TypeOf(string extension) => extension switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };

        private static byte[] Pack(byte[] content)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
                gzip.Write(content);
            return packed.ToArray();
        }
    }
}
