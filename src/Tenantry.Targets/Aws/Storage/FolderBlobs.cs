using System.Text.Json.Nodes;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Aws.Storage;

/// <summary>In a folder of this machine, for one person's use: nobody else sees what runs.</summary>
internal sealed class FolderBlobs(string folder) : IBlobs
{
    public JsonObject Backend => new() { ["local"] = new JsonObject { ["workspace_dir"] = Path.Combine(folder, "states") } };

    public string StateKey(string workspace) => $"states/{workspace}/terraform.tfstate";

    public string? LockKey(string workspace) => null;

    public async Task<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(Path.Combine(folder, key), cancellationToken);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AtomicFile.Write(path, content.Span, durable: true);
        return Task.CompletedTask;
    }

    public Task<bool> PutNewAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // Whole or not at all: whoever finds half a claim takes it for another's.
        var whole = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            AtomicFile.Write(whole, content.Span, durable: true);
            FileNames.AddLink(whole, path);
            AtomicFile.SyncFolder(Path.GetDirectoryName(path)!);
            return Task.FromResult(true);
        }
        catch (LinuxException error) when (error.Errno == Errno.Exists)
        {
            return Task.FromResult(false);
        }
        finally
        {
            File.Delete(whole);
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, key);
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return Task.CompletedTask;
        File.Delete(path + ".backup");
        File.Delete(path);
        // A workspace is a folder here.
        for (var at = Path.GetDirectoryName(path)!; at != folder && Directory.Exists(at) && !Directory.EnumerateFileSystemEntries(at).Any(); at = Path.GetDirectoryName(at)!)
            Directory.Delete(at);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var at = Path.Combine(folder, prefix);
        IReadOnlyList<string> keys = Directory.Exists(at)
            ? [.. Directory.EnumerateFiles(at, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".new", StringComparison.Ordinal)).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)]
            : [];
        return Task.FromResult(keys);
    }
}
