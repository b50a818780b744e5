using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Builds;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Applying;

/// <summary>A manifest on this machine, checked, with everything beside it that a release needs.</summary>
/// <param name="Request">What is sent to the control plane.</param>
/// <param name="Inputs">Files that its build reads, or null when it has no build.</param>
/// <param name="Manifest">What it says.</param>
internal sealed record ManifestFile(ApplyAppRequest Request, BuildInputs? Inputs, Manifest Manifest)
{
    public const string DefaultName = "tenantry.yaml";

    /// <summary>Reads it.</summary>
    /// <exception cref="CliException">It is not there, or has mistakes: all of them are in the exception.</exception>
    public static async Task<ManifestFile> ReadAsync(CliHost host, string path, CancellationToken cancellationToken)
    {
        var file = Find(host, path);
        var shown = Path.GetRelativePath(host.WorkingFolder, file) is var relative && relative.StartsWith("..", StringComparison.Ordinal) ? file : relative;
        var text = await BoundedText.ReadAsync(file, cancellationToken);
        var read = ManifestReader.Read(text, shown);
        var folder = Path.GetDirectoryName(file)!;
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        IReadOnlyList<ManifestProblem> problems = [.. read.Problems, .. ProblemsBeside(read, folder, sources)];
        if (read.Manifest is not { } manifest || problems.Count > 0)
            throw Mistakes(shown, problems);

        var inputs = manifest.Build is { } build ? await ReadInputsAsync(folder, build, cancellationToken) : null;
        return new(new(text, shown, inputs?.Digest ?? "", sources), inputs, manifest);
    }

    /// <summary>The same, with its build forced.</summary>
    /// <exception cref="CliException">It has none.</exception>
    public ManifestFile Forced() => Inputs is null
        ? throw new CliException(ExitCode.Usage, $"{Request.FileName} has no build that could be forced.", "Leave --force-build out.")
        : this with { Request = Request with { ForceBuild = true } };

    private static async Task<BuildInputs> ReadInputsAsync(string folder, BuildDefinition build, CancellationToken cancellationToken)
    {
        try
        {
            return await BuildInputs.ReadAsync(folder, build.Inputs, build.Dockerfile, cancellationToken);
        }
        catch (FormatException wrong)
        {
            throw new CliException(ExitCode.Usage, wrong.Message, $"Correct {DockerIgnore.FileName}.");
        }
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

    // What is wrong in the folder is told together with what is wrong in the manifest itself.
    private static IEnumerable<ManifestProblem> ProblemsBeside(ManifestResult read, string folder, Dictionary<string, string> texts)
    {
        if (read.Readable is not { } readable)
            return [];
        var unmatched = readable.Build is { } build
            ? BuildInputs.FindUnmatched(folder, build.Inputs).Select(i => read.ProblemOfItem("build.inputs", i, $"No file of the folder matches '{build.Inputs[i]}'."))
            : [];
        return [.. unmatched, .. ManifestSources.Check(read, Read)];

        string? Read(string source) => FileInFolder.Find(folder, source) is { } path ? texts[source] = File.ReadAllText(path) : null;
    }

    private static CliException Mistakes(string shown, IReadOnlyList<ManifestProblem> problems) => new(
        ExitCode.Usage,
        $"{shown} has {(problems.Count == 1 ? "a mistake" : $"{problems.Count} mistakes")}, in itself or in a file that it names:",
        errors: [.. problems.Select(p => new ProblemError(p.Path, p.Message, p.File, p.Line, p.Column))]);
}
