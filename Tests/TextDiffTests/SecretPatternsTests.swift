import EventModel
import Testing
import TextDiff

@Suite struct SecretPatternsTests {
    private let patterns = SecretPatterns()

    @Test(
        arguments: [
            "/etc/shadow", "/etc/shadow-", "/etc/shadow.lock", "/etc/.pwd/x/shadow-", "/etc/gshadow",
            "/etc/gshadow-", "/etc/tcb/root/x",
            "/var/backups/shadow.bak", "/var/backups/gshadow.bak", "/etc/security/opasswd",
            "/srv/www/.htpasswd", "/srv/x.htpasswd",
            "/etc/nginx/site.key", "/etc/nginx/site.key.bak", "/etc/nginx/site.key~",
            "/etc/nginx/.site.key.swp",
            "/etc/nginx/site.key.dpkg-old", "/etc/x/SITE.KEY", "/opt/a.pem", "/opt/a.pem.old", "/opt/a.p12",
            "/opt/a.pfx", "/opt/a.jks",
            "/opt/a.kdbx", "/opt/a.keystore", "/home/a/x.ppk", "/etc/http.keytab", "/etc/krb5.keytab",
            "/etc/krb5.keytab.bak",
            "/home/a/.ssh/id_rsa", "/root/.ssh/id_ed25519", "/root/.ssh/id_ecdsa_sk", "/x/id_dsa.old",
            "/home/a/.ssh/deploy_key",
            "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key.bak", "/etc/ssl/private/a",
            "/etc/ssl/private/a/b/c",
            "/etc/pki/tls/private/localhost", "/etc/letsencrypt/archive/a/privkey1",
            "/home/a/.gnupg/pubring.kbx", "/root/.pgpass",
            "/home/a/.netrc", "/home/a/.git-credentials", "/home/a/.aws/credentials", "/home/a/.aws/config",
            "/root/.docker/config.json", "/home/a/.kube/config", "/home/a/.kube/cache/x",
            "/etc/kubernetes/admin.conf",
            "/root/.my.cnf", "/etc/mysql/debian.cnf", "/home/a/.npmrc", "/home/a/.pypirc", "/home/a/.azure/x",
            "/home/a/.vnc/passwd",
            "/etc/wireguard/wg0.conf", "/etc/NetworkManager/system-connections/Home.nmconnection",
            "/etc/wpa_supplicant/wpa_supplicant.conf", "/x/wpa_supplicant-wlan0.conf",
            "/etc/netplan/50-cloud-init.yaml",
            "/etc/ipsec.secrets", "/etc/ppp/chap-secrets", "/etc/openvpn/server/a.conf", "/home/a/work.ovpn",
            "/etc/hostapd/hostapd.conf", "/var/lib/iwd/a.psk", "/etc/sssd/sssd.conf", "/etc/sssd/conf.d/a",
            "/etc/nslcd.conf",
            "/etc/ldap.conf", "/etc/ldap/slapd.d/cn=config.ldif", "/etc/samba/smbpasswd",
            "/var/lib/samba/private/secrets.tdb",
            "/etc/vedette/keys/a", "/etc/vedette/agent.keys", "/var/ossec/etc/client.keys",
            "/var/lib/vedette/baseline.db",
            "/srv/Secrets.yml", "/srv/secrets/a.txt", "/srv/my-credential", "/srv/API_TOKEN",
            "/srv/db_password.txt",
            "/srv/passphrase", "/srv/private-key.txt", "/srv/apikey", "/srv/app/.env",
            "/srv/app/.env.production",
            "/srv/app/prod.env", "/srv/terraform.tfstate.backup", "/srv/a.tfvars", "/srv/www/wp-config.php",
            "/home/a/.bash_history", "/root/.mysql_history", "/etc/bind/rndc.key", "/etc/postfix/sasl_passwd",
            "/etc/luks.d",
            "/home/a/.config/rclone/rclone.conf", "/home/a/.password-store/a", "/etc/snmp/snmpd.conf",
            "/run/secrets/a",
        ] as [ByteString])
    func isMeant(_ path: ByteString) { #expect(patterns.matches(path)) }

    @Test(
        arguments: [
            "/etc/passwd", "/etc/passwd-", "/etc/group", "/etc/hosts", "/etc/ssh/sshd_config",
            "/etc/pam.d/common-password",
            "/etc/pam.d/password-auth", "/etc/pam.d/sshd", "/etc/fstab", "/etc/crontab", "/etc/sudoers",
            "/etc/ssl/openssl.cnf",
            "/etc/ssl/certs/ca-certificates.crt", "/home/a/.ssh/authorized_keys", "/home/a/.ssh/known_hosts",
            "/root/.ssh/config",
            "/root/.bashrc", "/etc/default/keyboard", "/etc/vedette/vedette.yml",
            "/etc/openvpn/update-resolv-conf",
            "/etc/systemd/system/a.service", "/etc/shells", "/etc/environment", "/", "",
        ] as [ByteString])
    func isNotMeant(_ path: ByteString) { #expect(!patterns.matches(path)) }

    @Test(
        arguments: [
            "/host/etc/shadow", "/var/lib/docker/overlay2/3f/diff/etc/shadow",
            "/srv/root/etc/ssl/private/a/b",
            "/x/home/a/home/b/.ssh/deploy_key", "/etc/etc/etc/etc/etc/etc/shadow", "//etc/shadow",
        ] as [ByteString])
    func isMeantBelowAnotherRoot(_ path: ByteString) { #expect(patterns.matches(path)) }

    @Test func aHarmlessNameInASecretDirectoryIsMeant() {
        #expect(patterns.matches("/srv/secrets/etc/pam.d/common-password"))
        #expect(patterns.matches("/etc/pam.d/common-password/token"))
    }

    @Test func furtherPatternsAreMeantToo() {
        let more = SecretPatterns(further: [PathPattern("/etc/app/*.conf"), PathPattern("*.vault")])
        for path: ByteString in ["/etc/app/a.conf", "/srv/B.VAULT", "/etc/shadow", "/host/etc/app/a.conf"] {
            #expect(more.matches(path))
        }
        #expect(!more.matches("/etc/app/a.yml") && !patterns.matches("/etc/app/a.conf"))
    }

    @Test func aPathOfManyPartsTakesLittleTime() {
        let long = ByteString(Array(String(repeating: "/etc", count: 1_000).utf8))
        let start = ContinuousClock.now
        #expect(!patterns.matches(long))
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test(arguments: [
        "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n", "a\n-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n",
        "key: |\n  -----BEGIN ENCRYPTED PRIVATE KEY-----\n", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\n", "# x\nAGE-SECRET-KEY-1QQPQQ\n",
        "root:$6$Wq3nGxVY$Zb8aJ0dVtWq3nGxVYZb8aJ0dVt.:19000:0:99999:7:::\n",
        "u:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7:1::\n",
        "p: $2b$12$LJ3m4ys3Lk0TSwHCpNqeO.yQXFW8vNhLuEHZ2YmR3mBvGrcV1WmGa\n",
        "$1$abcdefgh$0123456789abcdefghijk.",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG\n",
        "$apr1$abcdefgh$0123456789abcdefghijk.",
    ])
    func contentThatHoldsASecretIsNotKept(_ content: String) {
        #expect(!patterns.mayKeep(Array(content.utf8), of: "/etc/motd"))
    }

    @Test(arguments: [
        "", "echo $1$2 $HOME$PATH\n", "-----BEGIN CERTIFICATE-----\nMIID\n", "-----BEGIN PUBLIC KEY-----\n",
        "cost: $5$ and $6$\n",
        "-----BEGIN \nPRIVATE KEY\n", "$6$", "$", "-----BEGIN ", "PASS_MAX_DAYS 99999\n", "$a$b$c$d$e$f\n",
    ])
    func otherTextIsKept(_ content: String) {
        #expect(patterns.mayKeep(Array(content.utf8), of: "/etc/motd"))
    }

    @Test func noFileOfASecretNameAndNoBinaryIsKept() {
        #expect(!patterns.mayKeep(Array("x".utf8), of: "/etc/shadow"))
        #expect(!patterns.mayKeep([0], of: "/etc/motd"))
    }
}
