using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Roots;

/// <summary>Unpacks images: OCI layouts (folder or tar), what <c>docker save</c> writes, and plain tars of a root file system.</summary>
internal static class ImageUnpacker
{
    /// <summary>Unpacks into <paramref name="root"/>; uses <paramref name="temporary"/> for parts.</summary>
    internal static async Task<ImageConfig> UnpackAsync(string path, string temporary, string root, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            return await FromLayoutAsync(path, root, cancellationToken);
        var names = await TopNamesAsync(path, cancellationToken);
        if (names.Count == 0)
            throw new InvalidDataException("nothing is in it");
        if (!names.Contains("oci-layout") && !names.Contains("manifest.json"))
        {
            await ApplyAsync(path, root, cancellationToken);
            return ImageConfig.Empty;
        }

        var parts = Path.Combine(temporary, "parts");
        Directory.CreateDirectory(parts);
        await ApplyAsync(path, parts, cancellationToken);
        var config = names.Contains("oci-layout") ? await FromLayoutAsync(parts, root, cancellationToken) : await FromDockerAsync(parts, root, cancellationToken);
        Directory.Delete(parts, recursive: true);
        return config;
    }

    private static async Task<HashSet<string>> TopNamesAsync(string path, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var stream = LayerStream.Open(path);
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            names.Add(entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name);
        return names;
    }

    private static async Task ApplyAsync(string layer, string root, CancellationToken cancellationToken)
    {
        await using var stream = LayerStream.Open(layer);
        await new LayerUnpacker(root).ApplyAsync(stream, cancellationToken);
    }

    private static async Task<ImageConfig> FromLayoutAsync(string layout, string root, CancellationToken cancellationToken)
    {
        var index = await ReadJsonAsync(Path.Combine(layout, "index.json"), cancellationToken);
        var manifest = await ManifestAsync(layout, index, cancellationToken);
        foreach (var layer in manifest["layers"]!.AsArray())
        {
            var blob = BlobOf(layout, layer!);
            await VerifyAsync(blob, layer!, cancellationToken);
            await ApplyAsync(blob, root, cancellationToken);
        }

        var config = BlobOf(layout, manifest["config"]!);
        await VerifyAsync(config, manifest["config"]!, cancellationToken);
        return ConfigOf(await ReadJsonAsync(config, cancellationToken));
    }

    /// <summary>The manifest for this machine: an index may hold others, and other indexes.</summary>
    private static async Task<JsonNode> ManifestAsync(string layout, JsonNode document, CancellationToken cancellationToken)
    {
        for (var depth = 0; depth < 4; depth++)
        {
            if (document["layers"] is not null)
                return document;
            var candidates = document["manifests"]?.AsArray().OfType<JsonNode>().ToList() ?? throw new InvalidDataException("its index lists nothing");
            var chosen = candidates.FirstOrDefault(candidate => candidate["platform"] is { } platform && $"{platform["os"]}" == "linux" && $"{platform["architecture"]}" == Architecture)
                ?? candidates.FirstOrDefault(candidate => candidate["platform"] is null)
                ?? throw new InvalidDataException($"it has nothing for linux/{Architecture}");
            var blob = BlobOf(layout, chosen);
            await VerifyAsync(blob, chosen, cancellationToken);
            document = await ReadJsonAsync(blob, cancellationToken);
        }

        throw new InvalidDataException("its indexes do not end");
    }

    private static async Task<ImageConfig> FromDockerAsync(string parts, string root, CancellationToken cancellationToken)
    {
        var image = (await ReadJsonAsync(Path.Combine(parts, "manifest.json"), cancellationToken)).AsArray().FirstOrDefault() ?? throw new InvalidDataException("its manifest lists nothing");
        foreach (var layer in image["Layers"]!.AsArray())
            await ApplyAsync(RootedPath.ResolveOnHost(parts, $"{layer}"), root, cancellationToken);
        return ConfigOf(await ReadJsonAsync(RootedPath.ResolveOnHost(parts, $"{image["Config"]}"), cancellationToken));
    }

    private static ImageConfig ConfigOf(JsonNode document)
    {
        var config = document["config"];
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in Texts(config?["Env"]).Select(variable => variable.Split('=', 2)).Where(pair => pair.Length == 2))
            variables[pair[0]] = pair[1];
        return new ImageConfig([.. Texts(config?["Entrypoint"]), .. Texts(config?["Cmd"])], variables, $"{config?["WorkingDir"]}");
    }

    private static IEnumerable<string> Texts(JsonNode? list) => list is JsonArray array ? array.Select(item => $"{item}") : [];

    private static string BlobOf(string layout, JsonNode descriptor)
    {
        var parts = $"{descriptor["digest"]}".Split(':');
        return parts is ["sha256", { Length: 64 } hex] && hex.All(char.IsAsciiHexDigit) ? Path.Combine(layout, "blobs", "sha256", hex) : throw new InvalidDataException($"digest \"{descriptor["digest"]}\" is not sha256");
    }

    private static async Task VerifyAsync(string blob, JsonNode descriptor, CancellationToken cancellationToken)
    {
        if (!File.Exists(blob))
            throw new InvalidDataException($"blob {descriptor["digest"]} is missing");
        await using var file = File.OpenRead(blob);
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        if ($"sha256:{digest}" != $"{descriptor["digest"]}")
            throw new InvalidDataException($"blob {descriptor["digest"]} is another one than it says");
    }

    private static async Task<JsonNode> ReadJsonAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse(await File.ReadAllBytesAsync(path, cancellationToken)) ?? throw new JsonException("an empty document");

    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
