using System.CommandLine;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Importing;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Importing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry import compose FILE</c>: a Compose file with a service for each tenant becomes an app and its tenants.</summary>
internal static class ImportCompose
{
    private const string EnvFileName = ".env";
    private const string UsualEngine = "/var/run/docker.sock";

    public static Command Create(CliHost host)
    {
        var file = new Argument<string>("FILE") { Description = "The Compose file." };
        var app = new Option<string?>("--app") { Description = "The app's name; the image's when not said.", HelpName = "NAME" };
        var apply = new Option<bool>("--apply") { Description = "Do it; without, the plan is shown and nothing is changed." };
        var manifest = new Option<string?>("--manifest") { Description = "Also write the manifest to this file.", HelpName = "FILE" };
        var target = new Option<string?>("--target") { Description = "Where the tenants will run; may be left out while there is one target alone.", HelpName = "NAME" };
        var engine = new Option<string?>("--engine") { Description = "Socket of the engine that has the containers; unix:///var/run/docker.sock or DOCKER_HOST when not said.", HelpName = "SOCKET" };
        var project = new Option<string?>("--project") { Description = "The Compose project, where several have such services.", HelpName = "NAME" };
        var remove = new Option<bool>("--remove-containers") { Description = "Remove a tenant's old container when its instance works; never its volumes." };
        var dryRun = CommandOptions.DryRun();
        var timeout = CommandOptions.Timeout();
        return new Command("compose", "Import a Compose file that has a service for each tenant.") { file, app, apply, manifest, target, engine, project, remove, dryRun, timeout }.Does(host, async call =>
        {
            var import = await ReadAsync(call, call.Required(file), call.Value(app));
            var applies = call.Value(apply) && !call.Value(dryRun);
            if (call.Value(manifest) is { } path && !call.Value(dryRun))
                await File.WriteAllTextAsync(host.FullPath(path), import.Manifest, call.CancellationToken);
            ImportText.Write(call, import, applies);
            if (!applies)
                return (int)ExitCode.Done;
            var options = new AdoptionOptions(SocketOf(host, call.Value(engine)), call.Value(project), call.Value(target), call.Value(remove), call.Value(timeout));
            return (int)await new ComposeAdoption(call, import, options).RunAsync();
        });
    }

    private static async Task<ComposeImport> ReadAsync(Call call, string path, string? app)
    {
        var file = call.Host.FullPath(path);
        if (!File.Exists(file))
            throw new CliException(ExitCode.Usage, $"There is no {file}.");
        var folder = Path.GetDirectoryName(file)!;
        try
        {
            var beside = EnvFile.Read(ReadText(Path.Combine(folder, EnvFileName)) ?? "");
            return ComposeImporter.Read(
                await File.ReadAllTextAsync(file, call.CancellationToken),
                new FolderOnDisk(folder),
                app,
                source => ReadText(Path.Combine(folder, source)),
                name => call.Host.Variable(name) ?? beside.GetValueOrDefault(name));
        }
        catch (EnvFileException wrong)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be imported.", errors: [new ProblemError("", wrong.Message, Path.Combine(Path.GetDirectoryName(path) ?? "", EnvFileName), wrong.Line)]);
        }
        catch (ComposeImportException wrong)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be imported.", errors: [new ProblemError("", wrong.Message, path, wrong.Line)]);
        }
    }

    private static string? ReadText(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    private static string SocketOf(CliHost host, string? said)
    {
        var text = said ?? host.Variable("DOCKER_HOST") ?? $"unix://{UsualEngine}";
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "unix", AbsolutePath.Length: > 1 }
            ? address.AbsolutePath
            : throw new CliException(ExitCode.Usage, $"'{text}' is no socket of an engine on this machine.", "Say it as --engine unix:///var/run/docker.sock.");
    }
}
