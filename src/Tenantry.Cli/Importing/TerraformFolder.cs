using Tenantry.Cli.Running;
using Tenantry.Targets.Processes;

namespace Tenantry.Cli.Importing;

/// <summary>Somebody's folder of Terraform: its workspaces, their states and variables. Nothing of it is changed, and no workspace is selected in it.</summary>
internal sealed class TerraformFolder(string folder, string program)
{
    private static readonly string[] VariableFolders = ["", "environments", "workspaces", "tfvars", "vars", "env"];

    /// <summary>Names of its workspaces.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var output = await RunAsync(null, ["workspace", "list"], cancellationToken);
        return [.. output.Split('\n').Select(line => line.TrimStart('*', ' ').Trim()).Where(name => name.Length > 0)];
    }

    /// <summary>A workspace's state as it is kept; empty when it has none.</summary>
    public async Task<string> PullAsync(string workspace, CancellationToken cancellationToken) => (await RunAsync(workspace, ["state", "pull"], cancellationToken)).Trim();

    /// <summary>A workspace's file of variables where people have it, or null.</summary>
    public TerraformVariables? FindVariables(string workspace) => VariableFolders
        .SelectMany(part => (string[])[Path.Combine(folder, part, workspace + ".tfvars.json"), Path.Combine(folder, part, workspace + ".tfvars")])
        .Where(File.Exists)
        .Select(file => TerraformVariables.Read(file, File.ReadAllText(file)))
        .FirstOrDefault();

    private async Task<string> RunAsync(string? workspace, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TF_IN_AUTOMATION"] = "1", ["TF_INPUT"] = "0", ["CHECKPOINT_DISABLE"] = "1", ["TF_WORKSPACE"] = workspace, ["TF_CLI_ARGS"] = null };
        try
        {
            var result = await ChildProcess.CaptureAsync(new ChildCommand(program, [$"-chdir={folder}", .. arguments]) { Environment = environment }, cancellationToken);
            return result.ExitCode == 0
                ? result.Output
                : throw new CliException(ExitCode.Failed, $"'{program} {string.Join(' ', arguments)}' failed in {folder}: {result.LastLines(6)}", $"Make the folder ready first: {program} -chdir={folder} init");
        }
        catch (FileNotFoundException)
        {
            throw new CliException(ExitCode.Unavailable, $"{program} is not installed.", "Install Terraform 1.10 or newer, or OpenTofu, or say which program with --program.");
        }
    }
}
