using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Roots;

/// <summary>
/// Root file systems unpacked from images, each once: a folder named by its image's content, which appears whole or not at all. Who
/// comes while it is being unpacked waits, in this process and in others.
/// </summary>
internal sealed class ImageStore(string folder, TimeProvider time)
{
    /// <summary>The image at a path of the host, unpacked. A folder that is no OCI layout is used as it is.</summary>
    internal async Task<UnpackedImage> UnpackAsync(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path) && !File.Exists(Path.Combine(path, "oci-layout")))
            return new UnpackedImage(path, ImageConfig.Empty);
        if (!Path.Exists(path))
            throw new TargetException($"There is no image at {path}.", retryable: false);
        Directory.CreateDirectory(folder);
        var key = Directory.Exists(path) ? KeyOf(await File.ReadAllBytesAsync(Path.Combine(path, "index.json"), cancellationToken)) : await KeyOfFileAsync(path, cancellationToken);
        var place = Path.Combine(folder, key);
        if (!Directory.Exists(place))
        {
            using var held = await FileLock.TakeAsync($"{place}.lock", time, cancellationToken);
            if (!Directory.Exists(place))
                await MakeAsync(path, place, cancellationToken);
        }

        return new UnpackedImage(Path.Combine(place, "root"), AtomicFile.ReadJson<ImageConfig>(Path.Combine(place, "image.json")) ?? ImageConfig.Empty, key);
    }

    /// <summary>Removes what was unpacked of an image.</summary>
    internal void Remove(string key)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var note in Directory.EnumerateFiles(folder, "*.digest").Where(note => File.ReadAllText(note) == key))
            File.Delete(note);
        RemoveFolder(Path.Combine(folder, key));
    }

    private static async Task MakeAsync(string path, string place, CancellationToken cancellationToken)
    {
        var temporary = $"{place}.making";
        RemoveFolder(temporary);
        var root = Path.Combine(temporary, "root");
        Directory.CreateDirectory(root);
        try
        {
            var config = await ImageUnpacker.UnpackAsync(path, temporary, root, cancellationToken);
            AtomicFile.WriteJson(Path.Combine(temporary, "image.json"), config, durable: true);
            Directory.Move(temporary, place);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or System.Text.Json.JsonException or KeyNotFoundException)
        {
            throw new TargetException($"{path} is no image that can be read: {error.Message.TrimEnd('.')}.", retryable: false, cause: error);
        }
        finally
        {
            RemoveFolder(temporary);
        }
    }

    // Reading a large file takes a second: what its digest was is remembered for as long as it is not touched.
    private async Task<string> KeyOfFileAsync(string path, CancellationToken cancellationToken)
    {
        var info = new FileInfo(path);
        var name = string.Create(CultureInfo.InvariantCulture, $"{path}\0{info.Length}\0{info.LastWriteTimeUtc.Ticks}");
        var note = Path.Combine(folder, $"{KeyOf(Encoding.UTF8.GetBytes(name))}.digest");
        if (File.Exists(note))
            return await File.ReadAllTextAsync(note, cancellationToken);
        await using var file = File.OpenRead(path);
        var key = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken))[..40];
        AtomicFile.Write(note, Encoding.ASCII.GetBytes(key), durable: false);
        return key;
    }

    private static string KeyOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..40];

    private static void RemoveFolder(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}

/// <summary>An image as a folder, what it says about itself, and the key by which it was unpacked; null: nobody unpacked it.</summary>
internal sealed record UnpackedImage(string Folder, ImageConfig Config, string? Key = null);

/// <summary>What an image says about how it is run.</summary>
internal sealed record ImageConfig(IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory)
{
    internal static ImageConfig Empty { get; } = new([], new Dictionary<string, string>(StringComparer.Ordinal), "");
}
