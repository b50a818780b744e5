using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry person password EMAIL</c>: one's own.</summary>
internal static class PersonPassword
{
    private const string NeedsHttp = "One's own password is changed over HTTP, with the one so far: say --server http://HOST:PORT.";

    public static Command Create(CliHost host)
    {
        var email = CommandOptions.Name("email", "Your own address.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Only look whether it would be taken." };
        return new Command("password", "Change your own password, with the one so far. Ends your sessions. Where nobody can be asked, two lines of standard input: the old one, the new one.") { email, dryRun }.Does(host, async call =>
        {
            if (call.Address.Socket is not null)
                throw new CliException(ExitCode.Usage, NeedsHttp, $"On the server's machine: tenantry person set {call.Required(email)} --password");
            var (current, wanted) = await ReadAsync(call);
            await PasswordChange.SendAsync(call.Address, call.Required(email), current, wanted, call.Value(dryRun), call.CancellationToken);
            var text = call.Value(dryRun) ? "It would be taken. Nothing was changed." : $"{call.Required(email)} has another password. All of their sessions have ended.";
            if (call.Output.Json)
                call.Output.Note(text);
            else
                call.Output.Line(text);
        });
    }

    private static async Task<(string Current, string Wanted)> ReadAsync(Call call)
    {
        if (call.Output.CanAsk)
            return (Prompt.Hidden(call.Host, "Password so far"), await PersonSet.ReadAsync(call));
        return await call.Host.In.ReadLineAsync(call.CancellationToken) is { } current && await call.Host.In.ReadLineAsync(call.CancellationToken) is { } wanted
            ? (current, wanted)
            : throw new CliException(ExitCode.Usage, "Two lines of standard input are expected: the password so far, and the new one.");
    }
}
