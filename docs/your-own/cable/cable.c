#include <unistd.h>

ssize_t receive(const unsigned char *frame, ssize_t n, unsigned char *answer);

int main(void) {
	unsigned char frame[2048], answer[2048];
	ssize_t n;
	while ((n = read(3, frame, sizeof frame)) > 0) {
		ssize_t length = receive(frame, n, answer);
		if (length > 0)
			write(3, answer, length);
	}
}
