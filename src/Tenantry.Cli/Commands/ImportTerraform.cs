using System.CommandLine;
using Tenantry.Cli.Importing;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;
using Tenantry.Targets.Processes;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry import terraform DIR</c>: workspaces that somebody has become tenants.</summary>
internal static class ImportTerraform
{
    private const string DefaultWorkspace = "default";

    public static Command Create(CliHost host)
    {
        var folder = new Argument<string>("DIR") { Description = "The folder of the configuration, made ready with 'terraform init'." };
        var app = new Option<string?>("--app") { Description = "The app that workspaces made with Tenantry's module set become instances of.", HelpName = "APP" };
        var target = new Option<string?>("--target") { Description = "The AWS target that takes them; may be left out while there is one target alone.", HelpName = "NAME" };
        var tier = new Option<string?>("--tier") { Description = "Their tier; the manifest's default when not said.", HelpName = "TIER" };
        var only = new Option<string[]>("--workspace") { Description = "This workspace alone; may be repeated.", HelpName = "NAME" };
        var program = new Option<string?>("--program") { Description = "Terraform or OpenTofu: its name or path; terraform, else tofu, when not said.", HelpName = "PROGRAM" };
        var apply = new Option<bool>("--apply") { Description = "Do it; without, the plan is shown and nothing is changed." };
        var dryRun = CommandOptions.DryRun();
        var timeout = CommandOptions.Timeout();
        return new Command("terraform", "Import workspaces of Terraform, with their files of variables.") { folder, app, target, tier, only, program, apply, dryRun, timeout }.Does(host, async call =>
        {
            var options = new TerraformAdoptionOptions(call.Value(app), call.Value(target), call.Value(tier), call.Value(timeout));
            var mistakes = new List<ProblemError>();
            var workspaces = await ReadAsync(call, host.FullPath(call.Required(folder)), call.Value(program), call.Value(only) ?? [], mistakes);
            var adoption = new TerraformAdoption(call, options);
            var plan = await adoption.PlanAsync(workspaces, mistakes);
            if (mistakes.Count > 0)
                throw new CliException(ExitCode.Usage, "The workspaces cannot be imported; nothing was changed.", "Mend these, or name those to import with --workspace.", mistakes);
            var applies = call.Value(apply) && !call.Value(dryRun);
            if (!call.Output.Json)
                Write(call, plan, applies);
            if (applies)
                plan = await adoption.RunAsync(workspaces, plan);
            if (call.Output.Json)
                call.Output.Array(plan);
            foreach (var failed in plan.Where(one => one.Outcome is not (null or "done")))
                call.Output.Note($"{failed.Workspace}: {failed.Outcome}");
            if (applies && !call.Output.Json)
                call.Output.Line($"{plan.Count(one => one.Outcome == "done")} of {Words.Count(plan.Count, "workspace")} done.");
            return (int)(plan.All(one => one.Outcome is null or "done") ? ExitCode.Done : ExitCode.Failed);
        });
    }

    private static async Task<IReadOnlyList<TerraformWorkspace>> ReadAsync(Call call, string path, string? program, string[] only, List<ProblemError> mistakes)
    {
        if (!Directory.Exists(path))
            throw new CliException(ExitCode.Usage, $"There is no folder {path}.");
        var found = new TerraformFolder(path, program ?? (Programs.Find("terraform") is not null || Programs.Find("tofu") is null ? "terraform" : "tofu"));
        var names = await found.ListAsync(call.CancellationToken);
        foreach (var missing in only.Except(names, StringComparer.Ordinal))
            mistakes.Add(new ProblemError($"workspace {missing}", $"There is none of that name; there is {string.Join(", ", names)}."));
        var workspaces = new List<TerraformWorkspace>();
        foreach (var name in names.Where(name => only.Length > 0 ? only.Contains(name, StringComparer.Ordinal) : name != DefaultWorkspace))
        {
            if (TerraformWorkspaces.Read(name, await found.PullAsync(name, call.CancellationToken), found.FindVariables(name), mistakes) is { } workspace)
                workspaces.Add(workspace);
        }

        TerraformWorkspaces.CheckNetworks(workspaces, mistakes);
        if (workspaces.Count == 0 && mistakes.Count == 0)
            call.Output.Note($"{path} has no workspace beside '{DefaultWorkspace}'.");
        return workspaces;
    }

    private static void Write(Call call, IReadOnlyList<ImportedWorkspaceResponse> plan, bool applies)
    {
        var table = new TextTable("WORKSPACE", "TENANT", "ENV", "NETWORK", "RESOURCES", "WHAT");
        foreach (var one in plan)
            table.Row(one.Workspace, one.Tenant, one.Environment, one.Network, $"{one.Resources}", What(one));
        table.Write(call.Output, "Nothing to import.");
        foreach (var one in plan.Where(one => one.Steps.Count > 0))
        {
            call.Output.Line($"{one.Workspace}:");
            foreach (var step in one.Steps)
                call.Output.Line($"  {step.Action.ToString().ToLowerInvariant()} {step.Kind} {step.Name}{(step.Why.Length > 0 ? $" ({step.Why})" : "")}");
        }

        if (!applies)
            call.Output.Line("Nothing was changed. With --apply it is done; nothing is removed by it, and states stay where they are. Do not apply there afterwards what was taken over.");
    }

    private static string What(ImportedWorkspaceResponse one) => one.What switch
    {
        TerraformAdoption.Adopt => $"becomes an instance; {Words.Count(one.Steps.Count, "change")}",
        TerraformAdoption.Reserve => "tenant made, network reserved; its resources stay as they are",
        _ => "is so already",
    };
}
