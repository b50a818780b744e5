using System.Text;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Networks;

/// <summary>Runs <c>ip</c> and <c>nft</c> inside network namespaces, their text on standard input.</summary>
internal sealed class NamespaceTool(NamespaceSockets namespaces)
{
    internal Task IpAsync(string namespacePath, string batch, CancellationToken cancellationToken) =>
        RunAsync(namespacePath, "ip", ["-batch", "-"], batch, "apt-get install -y iproute2", cancellationToken);

    internal Task NftAsync(string namespacePath, string rules, CancellationToken cancellationToken) =>
        RunAsync(namespacePath, "nft", ["-f", "-"], rules, "apt-get install -y nftables", cancellationToken);

    /// <summary>Names of the interfaces of a namespace.</summary>
    internal Task<HashSet<string>> LinksAsync(string namespacePath, CancellationToken cancellationToken) =>
        namespaces.RunAsync(namespacePath, () => File.ReadLines("/proc/thread-self/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).ToHashSet(StringComparer.Ordinal), cancellationToken);

    internal Task<string> ReadAsync(string namespacePath, string file, CancellationToken cancellationToken) =>
        namespaces.RunAsync(namespacePath, () => File.ReadAllText(file), cancellationToken);

    internal Task WriteAsync(string namespacePath, string file, string text, CancellationToken cancellationToken) => namespaces.RunAsync(
        namespacePath,
        () =>
        {
            File.WriteAllText(file, text);
            return true;
        },
        cancellationToken);

    /// <summary>As <see cref="WriteAsync"/>; a setting that this kernel or this network has not is left alone.</summary>
    internal Task WriteIfThereAsync(string namespacePath, string file, string text, CancellationToken cancellationToken) => namespaces.RunAsync(
        namespacePath,
        () =>
        {
            if (File.Exists(file))
                File.WriteAllText(file, text);
            return true;
        },
        cancellationToken);

    private async Task RunAsync(string namespacePath, string name, IReadOnlyList<string> arguments, string input, string install, CancellationToken cancellationToken)
    {
        var program = Programs.Find(name) ?? throw new TargetException($"Egress needs {name}, which is not installed.", retryable: false, fix: install);
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(input));
        var said = new StringBuilder();
        ValueTask Keep(ReadOnlyMemory<byte> piece, CancellationToken token)
        {
            lock (said)
                said.Append(Encoding.UTF8.GetString(piece.Span));
            return ValueTask.CompletedTask;
        }

        var command = new ChildCommand(program, arguments) { Input = stream };
        var starting = await namespaces.RunAsync(namespacePath, () => ChildProcess.Start(command), cancellationToken);
        var code = await ChildProcess.RunAsync(command, _ => starting, Keep, Keep, _ => { }, cancellationToken);
        if (code != 0)
            throw new TargetException($"{name} refused: {Lines.Last(said.ToString(), 3)}.", retryable: true);
    }
}
