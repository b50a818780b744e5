using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker.Images;

/// <summary>Opens an image's archive as the engine takes it: a tar as it is, an OCI layout with the list of layers that older engines want.</summary>
internal static class ImageArchive
{
    private const string Index = "index.json";

    internal static Stream Open(string path)
    {
        if (File.Exists(path))
            return File.OpenRead(path);
        if (File.Exists(Path.Combine(path, Index)))
            return FromLayout(path);
        throw new TargetException($"{path} is neither a tar of an image nor an OCI layout.", retryable: false);
    }

    /// <summary>The list of an OCI layout's only image, as <c>docker save</c> writes it. Pure but for reading the layout.</summary>
    internal static JsonArray ListOf(string layout)
    {
        var index = Read(layout, Path.Combine(layout, Index));
        var manifests = index.GetProperty("manifests");
        if (manifests.GetArrayLength() != 1)
            throw new TargetException($"The OCI layout {layout} holds {manifests.GetArrayLength()} images; exactly one is wanted.", retryable: false);
        var manifest = Read(layout, BlobOf(layout, manifests[0]));
        return new JsonArray(new JsonObject
        {
            ["Config"] = Blob(manifest.GetProperty("config")),
            ["Layers"] = new JsonArray([.. manifest.GetProperty("layers").EnumerateArray().Select(layer => JsonValue.Create(Blob(layer)))]),
        });
    }

    private static FileStream FromLayout(string layout)
    {
        var path = Path.Combine(Path.GetTempPath(), $"tenantry-image-{Guid.NewGuid():N}.tar");
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose);
        using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
        {
            var list = ListOf(layout);
            var blobs = list[0]!["Layers"]!.AsArray().Select(layer => layer!.GetValue<string>()).Append(list[0]!["Config"]!.GetValue<string>());
            foreach (var blob in blobs.Distinct(StringComparer.Ordinal))
                tar.WriteEntry(Path.Combine(layout, blob), blob);
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(list.ToJsonString()));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "manifest.json") { DataStream = content });
        }

        file.Position = 0;
        return file;
    }

    private static string BlobOf(string layout, JsonElement descriptor) => Path.Combine(layout, Blob(descriptor));

    private static string Blob(JsonElement descriptor)
    {
        var parts = descriptor.GetProperty("digest").GetString()!.Split(':');
        if (parts.Length != 2 || !parts.All(part => part.Length > 0 && part.All(char.IsAsciiLetterOrDigit)))
            throw new TargetException("The OCI layout names a digest that is none.", retryable: false);
        return $"blobs/{parts[0]}/{parts[1]}";
    }

    private static JsonElement Read(string layout, string path)
    {
        try
        {
            return JsonElement.Parse(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            throw new TargetException($"The OCI layout {layout} cannot be read: {error.Message}", retryable: false, cause: error);
        }
    }
}
