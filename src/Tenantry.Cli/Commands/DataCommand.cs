using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry data export|import</c></summary>
internal static class DataCommand
{
    public static Command Create(CliHost host) => new("data", "All of an instance's data, as a tar.")
    {
        Export(host),
        Import(host),
    };

    private static Command Export(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var file = new Option<string?>("--file", "-f") { Description = "Write it to this file; standard output when none is named, or with -.", HelpName = "FILE" };
        return new Command("export", "Write all volumes of an instance into a tar.") { slug, file }.Does(host, async call =>
        {
            if (Named(call.Value(file)) is { } path)
                await ToFileAsync(call, call.Required(slug), Target(host, path));
            else if (host.OutputIsTerminal || call.Output.Json)
                throw new CliException(ExitCode.Usage, "A tar is not for this standard output.", "Name a file with -f.");
            else
                await call.Client.Instances.ExportDataAsync(call.Required(slug), host.OpenOutput(), call.CancellationToken);
        });
    }

    private static async Task ToFileAsync(Call call, string slug, string path)
    {
        long bytes;
        try
        {
            bytes = await NamedFile.WriteAsync(path, output => call.Client.Instances.ExportDataAsync(slug, output, call.CancellationToken), call.CancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.NotAllowed, $"Not allowed to write {path}.");
        }

        if (!call.Output.Json)
        {
            call.Output.Line($"Wrote {path}: {Words.Bytes(bytes)}.");
            return;
        }

        call.Output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("slug", slug);
            writer.WriteString("file", path);
            writer.WriteNumber("bytes", bytes);
            writer.WriteEndObject();
        });
    }

    private static Command Import(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var file = new Option<string?>("--file", "-f") { Description = "Read it from this file; standard input when none is named, or with -.", HelpName = "FILE" };
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("import", "Replace all volumes of a sleeping instance with what a tar holds.") { slug, file, yes, dryRun }.Does(host, async call =>
        {
            await using var tar = Named(call.Value(file)) is { } path ? Open(host, path) : host.OpenInput();
            var change = call.Client.Instances.ImportData(call.Required(slug), tar);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Replace all data of {call.Required(slug)}?");
            await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(await call.Client.Instances.GetAsync(call.Required(slug), call.CancellationToken));
            else
                call.Output.Line($"The data of {call.Required(slug)} was replaced. 'tenantry wake {call.Required(slug)}' starts it.");
        });
    }

    private static string? Named(string? file) => file == "-" ? null : file;

    private static string Target(CliHost host, string path)
    {
        var full = host.FullPath(path);
        if (Directory.Exists(full))
            throw new CliException(ExitCode.Usage, $"{path} is a folder.", "Name the file that shall be written.");
        return Directory.Exists(Path.GetDirectoryName(full))
            ? full
            : throw new CliException(ExitCode.Usage, $"{path} cannot be written: there is no folder {Path.GetDirectoryName(full)}.");
    }

    private static FileStream Open(CliHost host, string path)
    {
        try
        {
            return File.OpenRead(host.FullPath(path));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException || Directory.Exists(host.FullPath(path)))
        {
            throw new CliException(ExitCode.Usage, $"There is no file {path}.");
        }
    }
}
