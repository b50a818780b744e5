using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>Command lines of Terraform or OpenTofu. Pure. Nothing secret is in any of them, nor in their variables.</summary>
internal static class TerraformCommands
{
    private static readonly Dictionary<string, string?> Always = new(StringComparer.Ordinal)
    {
        ["TF_IN_AUTOMATION"] = "1",
        ["TF_INPUT"] = "0",
        ["CHECKPOINT_DISABLE"] = "1",
        ["TF_CLI_ARGS"] = null,
        ["TF_WORKSPACE"] = null,
        ["TF_DATA_DIR"] = null,
    };

    internal static ChildCommand Version(string program) => new(program, "version", "-json") { Environment = Always };

    internal static ChildCommand Initialize(string program, string folder) =>
        In(program, folder, null, "init", "-no-color", "-input=false");

    /// <summary>Exit code 0: nothing would change; 2: something would. Takes no lock: it writes nothing.</summary>
    internal static ChildCommand Plan(string program, string folder, string workspace, string variables) =>
        In(program, folder, workspace, "plan", "-json", "-detailed-exitcode", "-input=false", "-lock=false", $"-var-file={variables}");

    internal static ChildCommand Apply(string program, string folder, string workspace, string variables) =>
        In(program, folder, workspace, "apply", "-json", "-auto-approve", "-input=false", $"-var-file={variables}");

    internal static ChildCommand Destroy(string program, string folder, string workspace, string variables) =>
        In(program, folder, workspace, "destroy", "-json", "-auto-approve", "-input=false", $"-var-file={variables}");

    /// <summary>Brings into the state what is there already.</summary>
    internal static ChildCommand Import(string program, string folder, string workspace, string variables, string address, string id) =>
        In(program, folder, workspace, "import", "-no-color", "-input=false", $"-var-file={variables}", address, id);

    internal static ChildCommand Unlock(string program, string folder, string workspace, string id) =>
        In(program, folder, workspace, "force-unlock", "-force", id);

    /// <summary>Removes a workspace with what is left of its state. Not asked for by <c>TF_WORKSPACE</c>, which Terraform refuses here.</summary>
    internal static ChildCommand DeleteWorkspace(string program, string folder, string workspace) =>
        In(program, folder, null, "workspace", "delete", workspace);

    private static ChildCommand In(string program, string folder, string? workspace, params string[] arguments)
    {
        var environment = new Dictionary<string, string?>(Always, StringComparer.Ordinal);
        if (workspace is not null)
            environment["TF_WORKSPACE"] = workspace;
        return new ChildCommand(program, [$"-chdir={folder}", .. arguments]) { Environment = environment };
    }
}
