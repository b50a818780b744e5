using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry secret set|list|unset</c>. A value is never an argument: other users of the machine can read those.</summary>
internal static class SecretCommand
{
    public static Command Create(CliHost host) => new("secret", "Secrets of an instance: they can be written and never read.")
    {
        Set(host),
        List(host),
        Unset(host),
    };

    private static Command Set(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var name = CommandOptions.Name("name", "The secret, as the manifest names it.");
        var file = new Option<string?>("--from-file") { Description = "Take the value from this file, as it is.", HelpName = "FILE" };
        var dryRun = CommandOptions.DryRun();
        var command = new Command("set", "Give a secret a value: typed at a prompt, from standard input (without its last line end), or from a file.") { slug, name, file, dryRun };
        return command.Does(host, async call =>
        {
            var value = await ReadAsync(call, call.Required(name), call.Value(file));
            if (value.Length == 0)
                throw new CliException(ExitCode.Usage, "The value is empty.", "'tenantry secret unset' takes a value away.");
            var change = call.Client.Secrets.Put(call.Required(slug), call.Required(name), value);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var secret = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(secret);
            else
                call.Output.Line($"Secret {secret.Name} of {call.Required(slug)} is set, version {secret.Version.ToString(CultureInfo.InvariantCulture)}.");
        });
    }

    /// <summary>A secret's value from where the person says.</summary>
    public static async Task<string> ReadAsync(Call call, string name, string? file)
    {
        if (file is not null)
            return await ReadFileAsync(call, name, file);
        if (call.Output.CanAsk)
            return Prompt.Hidden(call.Host, $"Value of {name}");
        var text = await call.Host.In.ReadToEndAsync(call.CancellationToken);
        return text.EndsWith('\n') ? text[..^1].TrimEnd('\r') : text;
    }

    /// <summary>A secret's value from a file, which must be there and hold one.</summary>
    public static async Task<string> ReadFileAsync(Call call, string name, string file)
    {
        string value;
        try
        {
            value = await File.ReadAllTextAsync(call.Host.FullPath(file), call.CancellationToken);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, $"The value of the secret {name} cannot be read from '{file}': {unread.Message}");
        }

        return value.Length > 0 ? value : throw new CliException(ExitCode.Usage, $"The file '{file}', which shall hold the value of the secret {name}, is empty.");
    }

    private static Command List(CliHost host)
    {
        var slug = CommandOptions.Slug();
        return new Command("list", "List an instance's secrets and whether they have a value.") { slug }.Does(host, async call =>
        {
            var secrets = await call.Client.Secrets.ListAsync(call.Required(slug), call.CancellationToken).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(secrets);
                return;
            }

            var table = new TextTable("SECRET", "STATE", "VERSION", "CHANGED", "MESSAGE");
            foreach (var s in secrets)
            {
                var state = s switch
                {
                    { Set: true } => Cell.Good(s.Generated ? "generated" : "set"),
                    { Generated: true } => Cell.Busy("to be generated"),
                    { Required: true } => Cell.Bad("missing"),
                    _ => Cell.Quiet("not set"),
                };
                table.Row(s.Name, state, s.Version.ToString(CultureInfo.InvariantCulture), s.ChangedAt is { } at ? Words.Time(at) : "-", s.Prompt);
            }

            table.Write(call.Output, "The app declares no secrets.");
        });
    }

    private static Command Unset(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var name = CommandOptions.Name("name", "The secret, as the manifest names it.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("unset", "Take a secret's value away.") { slug, name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Secrets.Delete(call.Required(slug), call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Take the value of {call.Required(name)} away from {call.Required(slug)}?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("secret", call.Required(name));
        });
    }
}
