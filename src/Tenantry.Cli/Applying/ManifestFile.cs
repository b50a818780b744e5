using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Applying;

/// <summary>A manifest on this machine, checked, with everything beside it that a release needs.</summary>
/// <param name="Request">What is sent to the control plane.</param>
/// <param name="Inputs">Files that its build reads, or null when it has no build.</param>
internal sealed record ManifestFile(ApplyAppRequest Request, BuildInputs? Inputs)
{
    public const string DefaultName = "tenantry.yaml";

    /// <summary>Reads it.</summary>
    /// <exception cref="CliException">It is not there, or has mistakes: all of them are in the exception.</exception>
    public static async Task<ManifestFile> ReadAsync(CliHost host, string path, CancellationToken cancellationToken)
    {
        var file = Find(host, path);
        var shown = Path.GetRelativePath(host.WorkingFolder, file) is var relative && relative.StartsWith("..", StringComparison.Ordinal) ? file : relative;
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        var read = ManifestReader.Read(text, shown);
        if (read.Manifest is not { } manifest)
            throw Mistakes(shown, read.Problems);

        var folder = Path.GetDirectoryName(file)!;
        var sources = ReadSources(manifest, folder, shown);
        var inputs = manifest.Build is { } build ? await BuildInputs.ReadAsync(folder, build.Inputs, cancellationToken) : null;
        return new(new(text, shown, inputs?.Digest ?? "", sources), inputs);
    }

    private static string Find(CliHost host, string path)
    {
        var file = host.FullPath(path);
        if (Directory.Exists(file))
            file = Path.Combine(file, DefaultName);
        return File.Exists(file)
            ? file
            : throw new CliException(ExitCode.Usage, $"There is no {file}.", "Say where the manifest is with -f, or write a first one with 'tenantry init'.");
    }

    private static Dictionary<string, string> ReadSources(Manifest manifest, string folder, string shown)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = ManifestSources.Check(manifest, source =>
        {
            var path = Path.Combine(folder, source);
            return File.Exists(path) ? texts[source] = File.ReadAllText(path) : null;
        });
        return problems.Count == 0 ? texts : throw Mistakes(shown, problems);
    }

    private static CliException Mistakes(string shown, IReadOnlyList<ManifestProblem> problems) => new(
        ExitCode.Usage,
        $"{shown} has {(problems.Count == 1 ? "a mistake" : $"{problems.Count} mistakes")}, in itself or in a file that it names:",
        errors: [.. problems.Select(p => new ProblemError(p.Path, p.Message, p.File, p.Line, p.Column))]);
}
