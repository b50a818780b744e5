using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>
/// The module set, written out with the place of its state. One folder for all workspaces, since each process is told its workspace by its variables; another module set or another
/// place of the state, or another program, makes another folder: what Terraform made ready OpenTofu cannot use.
/// </summary>
internal sealed class TerraformRoot(string folder, TimeProvider time)
{
    private const string Prefix = "Tenantry.Targets.Aws.terraform/";
    private const string Ready = ".ready";
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Every file of the module set by its path.</summary>
    internal static IReadOnlyDictionary<string, byte[]> Files { get; } = Load();

    /// <summary>Writes the files where they are not, and has them made ready once. Gives the folder.</summary>
    /// <param name="backend">The place of the state.</param>
    /// <param name="program">Terraform or OpenTofu.</param>
    /// <param name="initialize">Makes the folder ready for Terraform.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<string> PrepareAsync(JsonObject backend, string program, Func<string, CancellationToken, Task> initialize, CancellationToken cancellationToken)
    {
        var text = BackendFile(backend);
        var root = Path.Combine(folder, Digest(text, program));
        if (File.Exists(Path.Combine(root, Ready)))
            return root;
        await _one.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var alone = await FileLock.TakeAsync(Path.Combine(folder, "lock"), time, cancellationToken);
            if (File.Exists(Path.Combine(root, Ready)))
                return root;
            Write(root, text);
            await initialize(root, cancellationToken);
            AtomicFile.Write(Path.Combine(root, Ready), [], durable: false);
            return root;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Writes module set and backend into a folder, as a person may want to have them.</summary>
    internal static void Write(string root, string backendFile)
    {
        foreach (var (path, content) in Files)
        {
            var file = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            AtomicFile.Write(file, content, durable: false);
        }

        AtomicFile.Write(Path.Combine(root, "backend.tf.json"), Encoding.UTF8.GetBytes(backendFile), durable: false);
    }

    /// <summary>The file that says where the state is: no variable may be used there, so that it is written.</summary>
    internal static string BackendFile(JsonObject backend) =>
        new JsonObject { ["terraform"] = new JsonObject { ["backend"] = backend.DeepClone() } }.ToJsonString(AtomicFile.Json) + "\n";

    private static string Digest(string backend, string program)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, content) in Files)
        {
            all.AppendData(Encoding.UTF8.GetBytes($"{path}\n{content.Length}\n"));
            all.AppendData(content);
        }

        all.AppendData(Encoding.UTF8.GetBytes($"{backend}\n{program}"));
        return Convert.ToHexStringLower(all.GetHashAndReset())[..16];
    }

    private static SortedDictionary<string, byte[]> Load()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(name[Prefix.Length..], content);
        }

        return files;
    }
}
